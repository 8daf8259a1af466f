//! Deployments of a state directory that have not been used since the host started.
//!
//! A start only reads their records, so its time does not grow with their number. They are restored
//! on first use, or one after the other by a background thread. One that cannot be restored keeps
//! its record and the reason, and is tried again at the next use.
//!
//! Tests: in this file, `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Limits};
use parking_lot::Mutex;

use crate::clock::Ticks;
use crate::deployment::{RevisionStatus, Summary};
use crate::state::DeploymentRecord;
use crate::{Error, ErrorClass};

/// Sleeping deployments by name.
pub(crate) type SleepingDeployments = BTreeMap<ComponentName, Arc<SleepingDeployment>>;

/// A deployment that has not been restored.
pub(crate) struct SleepingDeployment {
    record: DeploymentRecord,
    turn: Arc<RestoreTurn>,
    failure: Mutex<Option<RestoreFailure>>,
}

/// The turn to restore a deployment. Those that are restored together share one.
#[derive(Default)]
pub(crate) struct RestoreTurn {
    /// Taken by tasks before they take a thread, so that all of them occupy one thread at most.
    pub(crate) tasks: Arc<tokio::sync::Mutex<()>>,
    /// Taken by the thread that restores.
    pub(crate) thread: Mutex<()>,
}

/// The last failure to restore a deployment.
struct RestoreFailure {
    class: ErrorClass,
    problem: String,
    at: Ticks,
    /// The number of failures up to this one.
    count: u64,
}

impl SleepingDeployment {
    pub(crate) fn new(record: DeploymentRecord) -> Self {
        Self::with_turn(record, Arc::default())
    }

    /// Creates an entry for a deployment that is restored together with others.
    pub(crate) fn with_turn(record: DeploymentRecord, turn: Arc<RestoreTurn>) -> Self {
        Self {
            record,
            turn,
            failure: Mutex::default(),
        }
    }

    pub(crate) fn record(&self) -> &DeploymentRecord {
        &self.record
    }

    pub(crate) fn turn(&self) -> &Arc<RestoreTurn> {
        &self.turn
    }

    /// Returns `true` if one of its revisions is linked to other deployments.
    pub(crate) fn has_links(&self) -> bool {
        let mut revisions = self.record.revisions.iter();
        revisions.any(|revision| !revision.linked.is_empty())
    }

    /// Returns the limits of the revision that will be active; `None` if the record has none.
    pub(crate) fn limits(&self) -> Option<&Limits> {
        Some(&self.record.active()?.terms.limits)
    }

    /// Returns a summary with the revision that will be active; `None` if the record has none.
    pub(crate) fn summary(&self, name: &ComponentName) -> Option<Summary> {
        let failure = self.failure.lock();
        Some(Summary {
            deployment: name.clone(),
            active: RevisionStatus::from_record(self.record.active()?),
            problem: failure.as_ref().map(|failure| failure.problem.clone()),
        })
    }

    /// The pipeline that it is a stage of.
    pub(crate) fn pipeline(&self) -> Option<&ComponentName> {
        self.record.pipeline.as_ref()
    }

    /// Returns `true` if no restore has failed yet.
    pub(crate) fn is_untried(&self) -> bool {
        self.failure_count() == 0
    }

    /// Returns the number of restores that failed.
    pub(crate) fn failure_count(&self) -> u64 {
        let failure = self.failure.lock();
        failure.as_ref().map_or(0, |failure| failure.count)
    }

    /// Records that a restore failed. Returns `true` if it is the first one.
    pub(crate) fn record_failure(&self, error: &Error, now: Ticks) -> bool {
        let count = self.failure_count();
        *self.failure.lock() = Some(RestoreFailure {
            class: error.class(),
            problem: error.to_string(),
            at: now,
            count: count + 1,
        });
        count == 0
    }

    /// Returns the error of a restore that failed after the first `count` failures.
    pub(crate) fn error_after(&self, name: &ComponentName, count: u64) -> Option<Error> {
        self.error_if(name, |failure| failure.count > count)
    }

    /// Returns the error of a restore that failed at this time or later.
    pub(crate) fn error_since(&self, name: &ComponentName, time: Ticks) -> Option<Error> {
        self.error_if(name, |failure| failure.at >= time)
    }

    fn error_if(
        &self,
        name: &ComponentName,
        condition: impl FnOnce(&RestoreFailure) -> bool,
    ) -> Option<Error> {
        let failure = self.failure.lock();
        let failure = failure.as_ref().filter(|failure| condition(failure))?;
        let problem = &failure.problem;
        let message = format!("`{name}` is deployed but cannot serve: {problem}");
        Some(Error::new(failure.class, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn returns_the_last_failure_by_time_and_by_count() {
        let sleeping = SleepingDeployment::new(DeploymentRecord {
            active: 1,
            served: Vec::new(),
            last_number: 1,
            revisions: Vec::new(),
            waiting: None,
            pipeline: None,
        });
        let name = "greeter".parse().expect("a name");
        let fail = |tick| {
            let error = Error::new(ErrorKind::StateUnavailable, format!("at {tick}"));
            sleeping.record_failure(&error, Ticks(tick))
        };
        assert!(sleeping.is_untried());
        assert!(sleeping.error_since(&name, Ticks(0)).is_none());
        assert!(fail(100), "it is the first");
        assert!(!fail(200));
        assert!(!sleeping.is_untried());
        assert!(sleeping.error_since(&name, Ticks(201)).is_none());
        let error = sleeping.error_since(&name, Ticks(200)).expect("recent");
        assert_eq!(error.kind(), ErrorKind::StateUnavailable);
        assert_eq!(
            error.to_string(),
            "`greeter` is deployed but cannot serve: at 200"
        );
        assert!(sleeping.error_after(&name, 1).is_some());
        assert!(sleeping.error_after(&name, 2).is_none());
    }
}
