//! The revisions that a deployment has had, and the one that a rollback goes to.
//!
//! Tests: `tests/suite/promises/rollback.rs`, `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::Rule;
use semver::Version;

use super::RetainedRevision;
use crate::revision::Revision;
use crate::state::DeploymentRecord;
use crate::{Error, ErrorKind, Result};

/// The retained revisions, and the order in which they served.
#[derive(Clone)]
pub(crate) struct History {
    /// Ordered by when they last served; the active revision is the last.
    retained: Vec<RetainedRevision>,
    /// The numbers of the revisions that served before the active one, the most recent last. A
    /// rollback takes from the end, so that rolling back twice goes back two steps.
    served: Vec<u64>,
    active: u64,
    last_number: u64,
    retained_max: usize,
}

impl History {
    pub(crate) fn new(first: Arc<Revision>, kept_max: usize) -> Self {
        let number = first.number;
        let kept = vec![RetainedRevision::Ready(first)];
        Self {
            retained: kept,
            served: Vec::new(),
            active: number,
            last_number: number,
            retained_max: kept_max,
        }
    }

    /// Rebuilds a history from its record and the revisions that are ready to serve.
    pub(crate) fn from_record(
        record: &DeploymentRecord,
        ready: &[Arc<Revision>],
        kept_max: usize,
    ) -> Self {
        let kept = record.revisions.iter().map(|stored| {
            let ready = ready
                .iter()
                .find(|revision| revision.number == stored.number);
            ready.map_or_else(
                || RetainedRevision::Stored(Arc::new(stored.clone())),
                |revision| RetainedRevision::Ready(Arc::clone(revision)),
            )
        });
        Self {
            retained: kept.collect(),
            served: record.served.clone(),
            active: record.active,
            last_number: record.last_number,
            retained_max: kept_max,
        }
    }

    /// Returns the record to store in the state directory.
    pub(crate) fn record(&self) -> DeploymentRecord {
        DeploymentRecord {
            active: self.active,
            served: self.served.clone(),
            last_number: self.last_number,
            revisions: self.retained.iter().map(RetainedRevision::record).collect(),
            waiting: None,
            pipeline: None,
        }
    }

    /// Counts the numbers that another copy of the history has given out as used.
    pub(super) fn keep_numbers_used(&mut self, other: &Self) {
        self.last_number = self.last_number.max(other.last_number);
    }

    /// Returns a number that no other revision has had since the host started.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// Records that an update went live. Returns the revisions that are no longer retained.
    #[must_use = "dropping a revision unmaps its code, which takes a while"]
    pub(crate) fn record_update(&mut self, revision: Arc<Revision>) -> Vec<RetainedRevision> {
        self.served.push(self.active);
        self.active = revision.number;
        self.retained.push(RetainedRevision::Ready(revision));
        self.remove_oldest()
    }

    /// Records that a rollback went live.
    pub(crate) fn record_rollback(&mut self, revision: Arc<Revision>) {
        let number = revision.number;
        match self.served.iter().rposition(|served| *served == number) {
            Some(place) => self.served.truncate(place),
            None => self.served.push(self.active),
        }
        self.active = number;
        self.retained.retain(|kept| kept.number() != number);
        self.retained.push(RetainedRevision::Ready(revision));
    }

    /// Revokes a rule in the revisions that are not ready. The others receive revocations
    /// themselves.
    pub(crate) fn revoke(&mut self, rule: &Rule) -> Result<()> {
        self.retained
            .iter_mut()
            .try_for_each(|kept| kept.revoke(rule))
    }

    /// Returns the revision to roll back to: the one of `version`, or by default the one that
    /// served before.
    pub(crate) fn rollback_target(&self, version: Option<&Version>) -> Result<RetainedRevision> {
        let found = match version {
            Some(version) => self.retained.iter().rev().find(|revision| {
                revision.number() != self.active && revision.version() == Some(version)
            }),
            None => self
                .served
                .iter()
                .rev()
                .find_map(|number| self.revision(*number)),
        };
        found
            .cloned()
            .ok_or_else(|| self.no_rollback_target(version))
    }

    /// Returns every retained revision, ordered by number.
    pub(crate) fn retained(&self) -> Vec<RetainedRevision> {
        let mut kept = self.retained.clone();
        kept.sort_by_key(RetainedRevision::number);
        kept
    }

    fn revision(&self, number: u64) -> Option<&RetainedRevision> {
        self.retained
            .iter()
            .find(|revision| revision.number() == number)
    }

    /// Removes the revisions that served longest ago: never the active one, nor the one before it.
    fn remove_oldest(&mut self) -> Vec<RetainedRevision> {
        let surplus = self.retained.len().saturating_sub(self.retained_max);
        let forgotten: Vec<_> = self.retained.drain(..surplus).collect();
        self.served.retain(|number| {
            forgotten
                .iter()
                .all(|revision| revision.number() != *number)
        });
        forgotten
    }

    fn no_rollback_target(&self, version: Option<&Version>) -> Error {
        let others: Vec<String> = self
            .retained()
            .iter()
            .filter(|revision| revision.number() != self.active)
            .map(|revision| match revision.version() {
                Some(version) => format!("{version} (revision {})", revision.number()),
                None => format!("revision {}", revision.number()),
            })
            .collect();
        let wanted = match version {
            Some(version) => format!("version {version} is not available for rollback"),
            None => format!("no revision was active before revision {}", self.active),
        };
        let there = if others.is_empty() {
            "no other revision is retained".into()
        } else {
            format!("retained: {}", others.join(", "))
        };
        Error::new(ErrorKind::NothingToRollBackTo, format!("{wanted}; {there}"))
    }
}
