//! The move from one revision to another, as a pure machine.
//!
//! The machine says which effect comes next; the host carries it out and reports
//! how it went. Nothing here runs, waits or looks at a component, so a test can
//! walk every path and stop at every step.
//! Tests: beside each file; the host's tests stop a real rollout after every
//! effect.

mod machine;
mod version;

pub use machine::{Decision, Effect, Outcome, Rollout, Strategy};
pub use version::{VersionNotNewer, check_version};
