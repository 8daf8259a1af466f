//! A revision as the records of the state directory, and the status that embedders see, describe it.
//!
//! Tests: `tests/suite/state`, `tests/suite/observe.rs`.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, RequestedCapabilities};

use super::RevisionStatus;
use crate::revision::Revision;
use crate::state::{ComponentRecord, RevisionRecord, RevisionSummary};
use crate::{Error, ErrorKind, Result};

impl RevisionRecord {
    pub(super) fn from_revision(revision: &Revision) -> Self {
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
