//! Output for the embedder: events, audit records, and the lines that guests print.
//!
//! By default all of it also goes to `tracing`: rollouts as spans with an event for each step,
//! decisions under the target `airssys_wasm::audit`, guest output under `airssys_wasm::guest`. The
//! embedder's logs run on threads of their own behind bounded queues: a slow one delays no guest,
//! except for calls whose audit records it has not taken.
//!
//! Tests: `tests/suite/observe.rs`.

mod audit;
mod call_counter;
mod event;
mod guest_log;
mod log_budget;
mod outbox;
mod probe;
mod queued_log;

pub use audit::{AuditLog, AuditRecord, CallId, Identity, Verdict};
pub(crate) use audit::{AuditTrail, TracingAudit};
pub(crate) use call_counter::CallCounter;
pub(crate) use event::Announcer;
pub use event::{Event, Events};
pub use guest_log::{GuestLine, GuestLog, GuestStream};
pub(crate) use guest_log::{StderrLog, TracingLog};
pub(crate) use log_budget::LogBudget;
pub use probe::RolloutProbe;
pub(crate) use queued_log::QueuedLog;
