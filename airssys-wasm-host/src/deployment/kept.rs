//! A revision that a name keeps for a rollback, or that serves.
//!
//! Tests: the workspace's `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::policy::{Grants, Requested};
use airssys_wasm_core::{ComponentName, Rule};
use semver::Version;

use super::RevisionStatus;
use crate::capability::Enforcement;
use crate::revision::Revision;
use crate::state::{ComponentRecord, RevisionRecord, Serves};
use crate::{Error, ErrorKind, Result};

#[derive(Clone)]
pub(crate) enum Kept {
    /// It can serve at once.
    Ready(Arc<Revision>),
    /// As the state directory has it. A rollback makes it ready.
    Stored(Arc<RevisionRecord>),
}

impl Kept {
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
            Self::Ready(revision) => RevisionStatus::of(revision),
            Self::Stored(record) => RevisionStatus::stored(record),
        }
    }

    /// What the state directory keeps of it.
    pub(crate) fn record(&self) -> RevisionRecord {
        match self {
            Self::Ready(revision) => RevisionRecord::of(revision),
            Self::Stored(record) => RevisionRecord::clone(record),
        }
    }

    /// Lets go of the deployments that it is linked to.
    pub(crate) fn cut_links(&self) {
        if let Self::Ready(revision) = self {
            revision.links.cut();
        }
    }

    /// Takes a rule back, if nothing else tells it.
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
    fn of(revision: &Revision) -> Self {
        let linked = revision
            .links
            .calls()
            .into_iter()
            .map(|(_, target)| target.to_string());
        let bound = revision.links.bound.iter();
        Self {
            number: revision.number,
            component: ComponentRecord::of(&revision.component),
            instancing: revision.instancing,
            limits: revision.limits.clone(),
            grants: revision.authority.policy().grants().to_toml(),
            lifted: revision.lifted.iter().map(ToString::to_string).collect(),
            audit_only: revision.authority.enforcement() == Enforcement::AuditOnly,
            bound: bound
                .map(|(interface, name)| (interface.clone(), name.to_string()))
                .collect(),
            linked: linked.collect(),
            pooled: revision.program.is_pooled(),
        }
    }

    /// What it is granted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if that cannot be read.
    pub(crate) fn grants(&self) -> Result<Grants> {
        // Its size was bounded when it was deployed; revocations may have come since.
        Grants::from_toml_of(&self.grants, usize::MAX).map_err(|error| unreadable("grants", &error))
    }

    /// The revocations that its grants lifted.
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

    /// Which deployment was said to serve which interface.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StateDamaged`] if that cannot be read.
    pub(crate) fn bound(&self) -> Result<crate::link::Bound> {
        let read = |(interface, name): (&String, &String)| {
            let name: ComponentName = name.parse().map_err(|error| unreadable("links", &error))?;
            Ok((interface.clone(), name))
        };
        self.bound.iter().map(read).collect()
    }
}

impl Serves {
    pub(crate) fn of(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            version: revision.component.version().cloned(),
            digest: revision.component.digest(),
            lifted: revision.lifted.clone(),
        }
    }
}

impl RevisionStatus {
    pub(super) fn of(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            version: revision.component.version().cloned(),
            description: revision.component.description().map(str::to_owned),
            digest: revision.component.digest(),
            instancing: revision.instancing,
            limits: revision.limits.clone(),
            requested: revision.component.requested().clone(),
            pooled: revision.program.is_pooled(),
        }
    }

    /// Requests that cannot be read are an error when it is made ready.
    pub(crate) fn stored(record: &RevisionRecord) -> Self {
        let component = &record.component;
        Self {
            revision: record.number,
            version: component.version.clone(),
            description: component.description.clone(),
            digest: component.digest,
            instancing: record.instancing,
            limits: record.limits.clone(),
            requested: component.requested().unwrap_or(Requested::Anything),
            pooled: record.pooled,
        }
    }
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::StateDamaged,
        format!("what was kept of its {what} cannot be read: {error}"),
    )
}
