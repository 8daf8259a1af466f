//! A rollout that went live.
//!
//! Tests: the workspace's `tests/promises`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use airssys_wasm_core::{ComponentName, Rule};
use semver::Version;

use super::place::Switched;
use crate::deployment::Serving;

/// The report of an update or rollback after the switch: new calls go to the new
/// revision, and calls begun before end on the old one.
pub struct Promoted {
    component: ComponentName,
    old: Arc<Serving>,
    to: u64,
    version: Option<Version>,
    lifted: Vec<Rule>,
    took: Duration,
}

impl Promoted {
    pub(super) fn of(Switched { old, revision }: Switched, begun: Instant) -> Self {
        Self {
            component: revision.name().clone(),
            old,
            to: revision.number,
            version: revision.component.version().cloned(),
            lifted: Vec::new(),
            took: begun.elapsed(),
        }
    }

    /// The revision that served.
    #[must_use]
    pub fn from_revision(&self) -> u64 {
        self.old.revision.number
    }

    /// The revision that serves.
    #[must_use]
    pub fn to_revision(&self) -> u64 {
        self.to
    }

    /// The version that serves, if it says one.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// The same, after an update whose grants lifted revocations.
    pub(super) fn lifting(self, lifted: Vec<Rule>) -> Self {
        Self { lifted, ..self }
    }

    /// The rules that were revoked before and that the grants of the update gave back; none
    /// after a rollback, or an update without grants.
    #[must_use]
    pub fn lifted(&self) -> &[Rule] {
        &self.lifted
    }

    /// From the start of the rollout to the switch.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Calls that still run on the revision that served before.
    #[must_use]
    pub fn calls_draining(&self) -> u64 {
        self.old.calls_inside()
    }

    /// Waits until the last call on the revision that served before has ended.
    /// Each ends by its own deadline at the latest. Not waited for is what others keep open in
    /// an instance of it, and go on to use.
    ///
    /// Cancel safe.
    pub async fn drained(&self) {
        self.old.drained().await;
    }
}

impl fmt::Debug for Promoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promoted")
            .field("component", &self.component)
            .field("from_revision", &self.from_revision())
            .field("to_revision", &self.to)
            .field("took", &self.took)
            .finish()
    }
}
