//! Carries out core's rollout machine: deploys, updates, rollbacks.
//!
//! The machine decides what comes next; this room does it and keeps the reason
//! when something fails. Until the switch everything can be dropped, and the
//! revision that served serves on.
//! Tests: the workspace's `tests/promises`, which stops a rollout after every
//! effect.

mod approval;
mod checks;
mod grants;
mod health;
mod options;
mod place;
mod probe;
mod promoted;
mod run;

pub use approval::Approval;
pub use options::{Deploy, Rollback, Update};
pub use probe::RolloutProbe;
pub use promoted::Promoted;
