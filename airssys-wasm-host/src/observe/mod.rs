//! What a host tells its embedder: events, and what guests print.
//!
//! Both also go to `tracing`: rollouts as spans with an event each step, guest
//! output under the target `airssys_wasm::guest`. Nothing here decides anything,
//! and nothing prints.
//! Tests: the workspace's `tests/observe`.

mod event;
mod guest_log;
mod log_budget;

pub(crate) use event::Announcer;
pub use event::{Event, Events};
pub(crate) use guest_log::TracingLog;
pub use guest_log::{GuestLine, GuestLog, GuestStream};
pub(crate) use log_budget::LogBudget;
