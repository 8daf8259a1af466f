//! A revision that a deployment retains: the active one, or one to roll back to.
//!
//! Tests: `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, RequestedCapabilities};
use semver::Version;

use super::RevisionStatus;
use crate::revision::Revision;
use crate::state::{ComponentRecord, RevisionRecord, RevisionSummary};
use crate::{Error, ErrorKind, Result};

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

impl RevisionRecord {
    fn from_revision(revision: &Revision) -> Self {
        let linked = revision
            .links
            .required_calls()
            .into_iter()
            .map(|(_, target)| target.to_string());
        Self {
            number: revision.number,
            component: ComponentRecord::from_component(&revision.component),
            terms: revision.terms.clone(),
            grants: revision.authority.policy().grants().to_toml(),
            lifted: revision
                .lifted_revocations
                .iter()
                .map(ToString::to_string)
                .collect(),
            linked: linked.collect(),
            pooled: revision.program.is_pooled(),
        }
    }

    /// Parses the grants.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if they cannot be read.
    pub(crate) fn grants(&self) -> Result<Grants> {
        // The size was bounded when it was deployed; revocations may have been added since.
        Grants::from_toml_bounded(&self.grants, usize::MAX)
            .map_err(|error| unreadable("grants", &error))
    }

    /// Parses the revocations that the grants lifted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if they cannot be read.
    pub(crate) fn lifted(&self) -> Result<Vec<Rule>> {
        let rules = self.lifted.iter().map(|text| text.parse::<Rule>());
        rules
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable("lifted revocations", &error))
    }
}

impl RevisionSummary {
    pub(crate) fn from_revision(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            version: revision.component.version().cloned(),
            digest: revision.component.digest(),
            lifted: revision.lifted_revocations.clone(),
        }
    }
}

impl RevisionStatus {
    pub(crate) fn from_revision(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            version: revision.component.version().cloned(),
            description: revision.component.description().map(str::to_owned),
            digest: revision.component.digest(),
            terms: revision.terms.clone(),
            requested: revision.component.requested().clone(),
            pooled: revision.program.is_pooled(),
        }
    }

    /// Builds the status of a stored revision. Requests that cannot be read become an error only
    /// when the revision is made ready.
    pub(crate) fn from_record(record: &RevisionRecord) -> Self {
        let component = &record.component;
        Self {
            revision: record.number,
            version: component.version.clone(),
            description: component.description.clone(),
            digest: component.digest,
            terms: record.terms.clone(),
            requested: component
                .requested()
                .unwrap_or(RequestedCapabilities::Unlisted),
            pooled: record.pooled,
        }
    }
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::StateDamaged,
        format!("its stored {what} cannot be read: {error}"),
    )
}
