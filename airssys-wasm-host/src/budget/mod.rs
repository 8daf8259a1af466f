//! What the deployments of a host share, and how much of it each takes.
//!
//! Counts and refuses. What happens then is decided where something is taken: `instance/limiter`
//! for memory, `instance/start` for who waits for it, `capability` for descriptors and blocking
//! operations.
//! Tests: below each file, and the workspace's `tests/suite/budget.rs`.

mod counter;
mod lease;
mod machine;
mod pool;
mod settings;
mod share;

pub(crate) use lease::Lease;
pub(crate) use machine::descriptors_max;
pub(crate) use pool::Shortage;
pub use settings::Budget;
pub(crate) use share::{DeploymentShare, DeploymentShares, IdleInstances};
