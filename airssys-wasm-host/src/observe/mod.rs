//! What a host tells its embedder: events, decisions, and what guests print.
//!
//! All of it also goes to `tracing`, unless said otherwise: rollouts as spans with an
//! event each step, decisions under the target `airssys_wasm::audit`, guest output under
//! `airssys_wasm::guest`. Nothing here decides anything,
//! and nothing prints. Logs of the embedder are called from threads of their own, with a bounded
//! queue before each: a slow one delays no guest, but for calls whose audit records it has not
//! taken.
//! Tests: the workspace's `tests/observe`.

mod audit;
mod event;
mod guest_log;
mod log_budget;
mod outbox;
mod queued_log;

pub use audit::{AuditLog, AuditRecord, CallId, Identity, Verdict};
pub(crate) use audit::{AuditTrail, TracingAudit};
pub(crate) use event::Announcer;
pub use event::{Event, Events};
pub use guest_log::{GuestLine, GuestLog, GuestStream};
pub(crate) use guest_log::{StderrLog, TracingLog};
pub(crate) use log_budget::LogBudget;
pub(crate) use queued_log::QueuedLog;
