//! A rollout that went live.
//!
//! Tests: `tests/suite/promises`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use airssys_wasm_core::{ComponentName, Rule};
use semver::Version;

use super::target::SwitchResult;
use crate::deployment::ActiveRevision;

/// The report of an update or rollback after the switch: new calls go to the new revision, and
/// calls that began earlier end on the old one.
pub struct Promotion {
    deployment: ComponentName,
    old: Arc<ActiveRevision>,
    to: u64,
    version: Option<Version>,
    lifted: Vec<Rule>,
    took: Duration,
}

impl Promotion {
    pub(super) fn new(switched: SwitchResult, begun: Instant) -> Self {
        let revision = &switched.revision;
        Self {
            deployment: revision.name().clone(),
            to: revision.number,
            version: revision.component.version().cloned(),
            old: switched.old,
            lifted: switched.lifted,
            took: begun.elapsed(),
        }
    }

    /// Returns the number of the old revision.
    #[must_use]
    pub fn from_revision(&self) -> u64 {
        self.old.revision.number
    }

    /// Returns the number of the new revision.
    #[must_use]
    pub fn to_revision(&self) -> u64 {
        self.to
    }

    /// Returns the version of the new revision, if it declares one.
    #[must_use]
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Returns the rules that had been revoked and that the grants of the update restored. Empty
    /// after a rollback, or an update without grants.
    #[must_use]
    pub fn lifted(&self) -> &[Rule] {
        &self.lifted
    }

    /// Returns the time from the start of the rollout to the switch.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Returns the number of calls that still run on the old revision.
    #[must_use]
    pub fn calls_draining(&self) -> u64 {
        self.old.calls_inside()
    }

    /// Waits until the last call on the old revision has ended. Each ends by its own deadline at
    /// the latest. Does not wait for resources that other components still hold in the old revision
    /// and continue to use.
    ///
    /// Cancel safe.
    pub async fn drained(&self) {
        self.old.drained().await;
    }
}

impl fmt::Debug for Promotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promotion")
            .field("deployment", &self.deployment)
            .field("from_revision", &self.from_revision())
            .field("to_revision", &self.to)
            .field("took", &self.took)
            .finish()
    }
}
