//! The budget that the deployments of a host share, and the amounts that each takes.
//!
//! Only counts and denies. The consequences are left to the callers: `instance/limiter` for memory,
//! `revision/start` for waiting until memory is free, `capability` for descriptors and blocking
//! operations.
//!
//! Tests: `tests/suite/budget.rs`.

mod counter;
mod crowd;
mod lease;
mod machine;
mod pool;
mod settings;
mod share;

pub(crate) use crowd::CrowdDetector;
pub(crate) use lease::BudgetLease;
#[cfg(feature = "http")]
pub(crate) use machine::descriptors_max;
pub(crate) use pool::Shortage;
pub use settings::Budget;
pub(crate) use share::{DeploymentShare, DeploymentShares, IdleInstances};
