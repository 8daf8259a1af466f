//! Restores deployments with links. They need each other, possibly in a cycle, and are restored
//! together.
//!
//! Tests: `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::restore_deployment;
use crate::deployment::{DeploymentEntry, RetainedRevision};
use crate::link::{RevisionLinks, resolve};
use crate::revision::Revision;
use crate::services::HostServices;
use crate::state::DeploymentRecord;
use crate::{Error, Result};

/// The outcome of restoring deployments together.
#[derive(Default)]
pub(crate) struct RestoredDeployments {
    pub(crate) restored: Vec<Arc<DeploymentEntry>>,
    pub(crate) failed: Vec<(ComponentName, Error)>,
}

/// Restores every deployment that is linked to others or that others are linked to. Blocks.
pub(crate) fn restore_linked(
    services: &Arc<HostServices>,
    records: &BTreeMap<ComponentName, DeploymentRecord>,
) -> RestoredDeployments {
    let linked = linked_names(records);
    let linked = linked.into_iter().map(|name| (name, &records[name]));
    restore_together(services, &linked.collect(), &[])
}

/// Restores deployments, and links them with each other and with `others`. One that cannot be
/// linked fails together with those linked to it. Blocks.
pub(crate) fn restore_together(
    services: &Arc<HostServices>,
    records: &BTreeMap<&ComponentName, &DeploymentRecord>,
    others: &[Arc<DeploymentEntry>],
) -> RestoredDeployments {
    let mut outcome = RestoredDeployments::default();
    let mut made = BTreeMap::new();
    for (&name, record) in records {
        match restore_deployment(services, name, record) {
            Ok(deployment) => drop(made.insert(name.clone(), deployment)),
            Err(error) => outcome.failed.push((name.clone(), error)),
        }
    }
    loop {
        let targets: Vec<_> = made.values().chain(others).cloned().collect();
        let mut links = Vec::new();
        let mut unlinked = Vec::new();
        for (name, deployment) in &made {
            match resolve_links(services, deployment, records[name], &targets) {
                Ok(found) => links.extend(found),
                Err(error) => unlinked.push((name.clone(), error)),
            }
        }
        if unlinked.is_empty() {
            for (revision, links) in links {
                crate::link::set_links(&revision, &links);
            }
            outcome.restored = made.into_values().collect();
            return outcome;
        }
        for (name, error) in unlinked {
            made.remove(&name);
            outcome.failed.push((name, error));
        }
    }
}

/// Returns the deployments with links, and those that they are linked to.
fn linked_names(records: &BTreeMap<ComponentName, DeploymentRecord>) -> Vec<&ComponentName> {
    let mut members = std::collections::BTreeSet::new();
    for (name, record) in records {
        let targets = record
            .revisions
            .iter()
            .flat_map(|revision| &revision.linked);
        let targets: Vec<&ComponentName> = targets
            .filter_map(|target| Some(records.get_key_value(&target.parse().ok()?)?.0))
            .collect();
        if record
            .revisions
            .iter()
            .any(|revision| !revision.linked.is_empty())
        {
            members.insert(name);
        }
        members.extend(targets);
    }
    members.into_iter().collect()
}

/// Resolves the links of each loaded revision among the deployments that served it before.
fn resolve_links(
    services: &HostServices,
    deployment: &DeploymentEntry,
    record: &DeploymentRecord,
    deployed: &[Arc<DeploymentEntry>],
) -> Result<Vec<(Arc<Revision>, RevisionLinks)>> {
    let kept = deployment.retained_revisions();
    let mut all = Vec::new();
    for stored in record
        .revisions
        .iter()
        .filter(|stored| !stored.linked.is_empty())
    {
        let ready = kept.iter().find_map(|kept| match kept {
            RetainedRevision::Ready(revision) if revision.number == stored.number => Some(revision),
            _ => None,
        });
        let Some(revision) = ready else { continue };
        let candidates: Vec<Arc<DeploymentEntry>> = deployed
            .iter()
            .filter(|other| stored.linked.contains(other.name.as_str()))
            .cloned()
            .collect();
        let links = resolve(
            &deployment.name,
            revision.component.world(),
            services.programs.providers(),
            &candidates,
            &revision.terms.links,
        )?;
        all.push((Arc::clone(revision), links));
    }
    Ok(all)
}
