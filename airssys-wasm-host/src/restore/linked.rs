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
use crate::runtime::Runtime;
use crate::state::DeploymentRecord;
use crate::{Error, Result};

/// The outcome of restoring deployments with links.
#[derive(Default)]
pub(crate) struct LinkedDeployments {
    pub(crate) awake: Vec<Arc<DeploymentEntry>>,
    pub(crate) failed: Vec<(ComponentName, Error)>,
}

/// Restores every deployment that is linked to others or that others are linked to. Blocks.
pub(crate) fn restore_linked(
    runtime: &Arc<Runtime>,
    records: &BTreeMap<ComponentName, DeploymentRecord>,
) -> LinkedDeployments {
    let mut outcome = LinkedDeployments::default();
    let mut made = BTreeMap::new();
    for name in linked_names(records) {
        match restore_deployment(runtime, name, &records[name]) {
            Ok(named) => drop(made.insert(name.clone(), named)),
            Err(error) => outcome.failed.push((name.clone(), error)),
        }
    }
    // A deployment that cannot be linked fails together with those linked to it.
    loop {
        let deployed: Vec<Arc<DeploymentEntry>> = made.values().cloned().collect();
        let found: Vec<_> = deployed
            .iter()
            .map(|named| {
                (
                    Arc::clone(named),
                    resolve_links(runtime, named, &records[&named.name], &deployed),
                )
            })
            .collect();
        let before = made.len();
        for (named, links) in &found {
            if let Err(error) = links {
                made.remove(&named.name);
                outcome.failed.push((
                    named.name.clone(),
                    Error::new(error.class(), error.to_string()),
                ));
            }
        }
        if made.len() == before {
            for (revision, links) in found
                .into_iter()
                .filter_map(|(_, links)| links.ok())
                .flatten()
            {
                crate::link::set_links(&revision, &links);
            }
            outcome.awake = made.into_values().collect();
            return outcome;
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
    runtime: &Runtime,
    named: &DeploymentEntry,
    record: &DeploymentRecord,
    deployed: &[Arc<DeploymentEntry>],
) -> Result<Vec<(Arc<Revision>, RevisionLinks)>> {
    let kept = named.retained_revisions();
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
            &named.name,
            revision.component.world(),
            runtime.programs.providers(),
            &candidates,
            &revision.terms.links,
        )?;
        all.push((Arc::clone(revision), links));
    }
    Ok(all)
}
