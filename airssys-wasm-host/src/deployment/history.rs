//! Which revisions a name has had, and which one a rollback goes to.
//!
//! Tests: the workspace's `tests/suite/promises/rollback` and `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::Rule;
use semver::Version;

use super::Kept;
use crate::revision::Revision;
use crate::state::NameRecord;
use crate::{Error, ErrorKind, Result};

/// The revisions that are kept, and the order in which they served.
#[derive(Clone)]
pub(crate) struct History {
    /// The one that served longest ago first, the one that serves last.
    kept: Vec<Kept>,
    /// Numbers of those that served before the one that serves now, last on top.
    /// A rollback takes from it, so that rolling back twice goes back two steps.
    served: Vec<u64>,
    serving: u64,
    last_number: u64,
    kept_max: usize,
}

impl History {
    pub(crate) fn new(first: Arc<Revision>, kept_max: usize) -> Self {
        let number = first.number;
        let kept = vec![Kept::Ready(first)];
        Self {
            kept,
            served: Vec::new(),
            serving: number,
            last_number: number,
            kept_max,
        }
    }

    /// What a record tells, with the revisions that are ready.
    pub(crate) fn restored(record: &NameRecord, ready: &[Arc<Revision>], kept_max: usize) -> Self {
        let kept = record.revisions.iter().map(|stored| {
            let ready = ready
                .iter()
                .find(|revision| revision.number == stored.number);
            ready.map_or_else(
                || Kept::Stored(Arc::new(stored.clone())),
                |revision| Kept::Ready(Arc::clone(revision)),
            )
        });
        Self {
            kept: kept.collect(),
            served: record.served.clone(),
            serving: record.serving,
            last_number: record.last_number,
            kept_max,
        }
    }

    /// What the state directory keeps of it.
    pub(crate) fn record(&self) -> NameRecord {
        NameRecord {
            serving: self.serving,
            served: self.served.clone(),
            last_number: self.last_number,
            revisions: self.kept.iter().map(Kept::record).collect(),
            waiting: None,
            pipeline: None,
        }
    }

    /// A number that no revision has had, nor will.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// An update went live. Returns the revisions that are not kept any more.
    #[must_use = "dropping a revision unmaps its code, which takes a while"]
    pub(crate) fn updated_to(&mut self, revision: Arc<Revision>) -> Vec<Kept> {
        self.served.push(self.serving);
        self.serving = revision.number;
        self.kept.push(Kept::Ready(revision));
        self.forget_the_oldest()
    }

    /// A rollback went live.
    pub(crate) fn rolled_back_to(&mut self, revision: Arc<Revision>) {
        let number = revision.number;
        match self.served.iter().rposition(|served| *served == number) {
            Some(place) => self.served.truncate(place),
            None => self.served.push(self.serving),
        }
        self.serving = number;
        self.kept.retain(|kept| kept.number() != number);
        self.kept.push(Kept::Ready(revision));
    }

    /// Takes a rule back from the revisions that are not ready; the others hear of it
    /// themselves.
    pub(crate) fn revoke(&mut self, rule: &Rule) -> Result<()> {
        self.kept.iter_mut().try_for_each(|kept| kept.revoke(rule))
    }

    /// The revision to roll back to: the one of `version`, or the one that served
    /// before.
    pub(crate) fn target(&self, version: Option<&Version>) -> Result<Kept> {
        let found = match version {
            Some(version) => self.kept.iter().rev().find(|revision| {
                revision.number() != self.serving && revision.version() == Some(version)
            }),
            None => self
                .served
                .iter()
                .rev()
                .find_map(|number| self.revision(*number)),
        };
        found
            .cloned()
            .ok_or_else(|| self.nothing_to_roll_back_to(version))
    }

    /// Every revision that is kept, by number.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let mut kept = self.kept.clone();
        kept.sort_by_key(Kept::number);
        kept
    }

    fn revision(&self, number: u64) -> Option<&Kept> {
        self.kept
            .iter()
            .find(|revision| revision.number() == number)
    }

    /// Forgets those that served longest ago: never the one that serves, nor the
    /// one before it.
    fn forget_the_oldest(&mut self) -> Vec<Kept> {
        let surplus = self.kept.len().saturating_sub(self.kept_max);
        let forgotten: Vec<_> = self.kept.drain(..surplus).collect();
        self.served.retain(|number| {
            forgotten
                .iter()
                .all(|revision| revision.number() != *number)
        });
        forgotten
    }

    fn nothing_to_roll_back_to(&self, version: Option<&Version>) -> Error {
        let others: Vec<String> = self
            .kept()
            .iter()
            .filter(|revision| revision.number() != self.serving)
            .map(|revision| match revision.version() {
                Some(version) => format!("{version} (revision {})", revision.number()),
                None => format!("revision {}", revision.number()),
            })
            .collect();
        let wanted = match version {
            Some(version) => format!("version {version} is not there to roll back to"),
            None => "no revision served before the one that serves".into(),
        };
        let there = if others.is_empty() {
            "no other is kept".into()
        } else {
            format!("there is {}", others.join(", "))
        };
        Error::new(ErrorKind::NothingToRollBackTo, format!("{wanted}; {there}"))
    }
}
