//! Records of the state directory that cannot be read.
//!
//! Tests: `tests/suite/state/damage.rs`, `airssys-wasm-host/src/state/database.rs`.

use std::fmt;

/// A record of the state directory that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableRecord {
    /// The subject of the record.
    pub subject: RecordSubject,
    /// The name of the deployment or the pipeline, or the text of the HTTP route.
    pub name: String,
    /// The reason it cannot be read.
    pub problem: String,
}

/// The subject of a record in the state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordSubject {
    /// A deployment.
    Deployment,
    /// A pipeline.
    Pipeline,
    /// An HTTP route.
    Route,
}

impl RecordSubject {
    /// Returns the subject in a word, such as `deployment`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Pipeline => "pipeline",
            Self::Route => "route",
        }
    }
}

impl fmt::Display for RecordSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
