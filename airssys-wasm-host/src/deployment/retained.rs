//! A revision that a deployment retains: the active one, or one to roll back to.
//!
//! Tests: `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::Rule;
use semver::Version;

use super::RevisionStatus;
use crate::Result;
use crate::revision::Revision;
use crate::state::RevisionRecord;

#[derive(Clone)]
pub(crate) enum RetainedRevision {
    /// Ready to serve at once.
    Ready(Arc<Revision>),
    /// Present in the state directory only. A rollback makes it ready.
    Stored(Arc<RevisionRecord>),
}

impl RetainedRevision {
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Ready(revision) => revision.number,
            Self::Stored(record) => record.number,
        }
    }

    pub(crate) fn version(&self) -> Option<&Version> {
        match self {
            Self::Ready(revision) => revision.component.version(),
            Self::Stored(record) => record.component.version.as_ref(),
        }
    }

    pub(crate) fn status(&self) -> RevisionStatus {
        match self {
            Self::Ready(revision) => RevisionStatus::from_revision(revision),
            Self::Stored(record) => RevisionStatus::from_record(record),
        }
    }

    /// Returns the record to store in the state directory.
    pub(crate) fn record(&self) -> RevisionRecord {
        match self {
            Self::Ready(revision) => RevisionRecord::from_revision(revision),
            Self::Stored(record) => RevisionRecord::clone(record),
        }
    }

    /// Checks that every deployment that the revision is linked to still exists.
    pub(super) fn check_links(&self) -> Result<()> {
        match self {
            Self::Ready(revision) => revision.links.check_targets(),
            Self::Stored(_) => Ok(()),
        }
    }

    /// Releases the deployments that the revision is linked to.
    pub(crate) fn release_links(&self) {
        if let Self::Ready(revision) = self {
            revision.links.release();
        }
    }

    /// Revokes a rule in a stored revision. A ready one receives revocations itself.
    pub(super) fn revoke(&mut self, rule: &Rule) -> Result<()> {
        if let Self::Stored(record) = self {
            let mut grants = record.grants()?;
            grants.revoke(rule);
            Arc::make_mut(record).grants = grants.to_toml();
        }
        Ok(())
    }
}
