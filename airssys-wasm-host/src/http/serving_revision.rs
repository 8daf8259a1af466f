//! The revision that handles a request, as clients of the service see it.
//!
//! Tests: `tests/suite/http/server.rs`.

use airssys_wasm_core::ComponentName;
use semver::Version;

use crate::revision::Revision;

/// The revision that a request was given to, as an extension of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServingRevision {
    /// The name of the deployment.
    pub deployment: ComponentName,
    /// The number of the revision.
    pub revision: u64,
    /// The version of its component, if it has one.
    pub version: Option<Version>,
}

impl ServingRevision {
    pub(super) fn from_revision(revision: &Revision) -> Self {
        Self {
            deployment: revision.name().clone(),
            revision: revision.number,
            version: revision.component.version().cloned(),
        }
    }
}
