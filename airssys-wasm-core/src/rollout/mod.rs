//! The rollout from one revision to another, as a pure state machine.
//!
//! The machine determines the next effect; the host carries it out and reports the outcome. Nothing
//! here runs, waits or inspects a component, so that tests can walk every path and stop at every
//! step.
//! Tests: `airssys-wasm-core/src/rollout`, `tests/suite/promises/atomic_failure.rs`.

mod machine;
mod version;

pub use machine::{Effect, Outcome, Rollout, RolloutStep, Strategy};
pub use version::{VersionNotNewer, check_version};
