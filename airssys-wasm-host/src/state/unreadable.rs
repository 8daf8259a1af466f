//! Records of the state directory that cannot be read.
//!
//! Tests: `tests/suite/state/damage.rs`.

/// A record of the state directory that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableRecord {
    /// The name of the deployment or the pipeline, or the text of the HTTP route.
    pub name: String,
    /// The reason it cannot be read.
    pub problem: String,
}
