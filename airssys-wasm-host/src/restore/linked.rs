//! Restores deployments with links. They need each other, possibly in a cycle, and are restored
//! together.
//!
//! Tests: `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::named;
use crate::deployment::{Kept, Named};
use crate::link::{Links, resolve};
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::state::NameRecord;
use crate::{Error, Result};

/// The outcome of restoring deployments with links.
#[derive(Default)]
pub(crate) struct Linked {
    pub(crate) awake: Vec<Arc<Named>>,
    pub(crate) failed: Vec<(ComponentName, Error)>,
}

/// Restores every deployment that is linked to others or that others are linked to. Blocks.
pub(crate) fn linked(
    runtime: &Arc<Runtime>,
    records: &BTreeMap<ComponentName, NameRecord>,
) -> Linked {
    let mut outcome = Linked::default();
    let mut made = BTreeMap::new();
    for name in members(records) {
        match named(runtime, name, &records[name]) {
            Ok(named) => drop(made.insert(name.clone(), named)),
            Err(error) => outcome.failed.push((name.clone(), error)),
        }
    }
    // A deployment that cannot be linked fails together with those linked to it.
    loop {
        let deployed: Vec<Arc<Named>> = made.values().cloned().collect();
        let found: Vec<_> = deployed
            .iter()
            .map(|named| {
                (
                    Arc::clone(named),
                    links(runtime, named, &records[&named.name], &deployed),
                )
            })
            .collect();
        let before = made.len();
        for (named, links) in &found {
            if let Err(error) = links {
                made.remove(&named.name);
                outcome.failed.push((
                    named.name.clone(),
                    Error::new(error.kind(), error.to_string()),
                ));
            }
        }
        if made.len() == before {
            for (revision, links) in found
                .into_iter()
                .filter_map(|(_, links)| links.ok())
                .flatten()
            {
                revision.links.fill(&links);
            }
            outcome.awake = made.into_values().collect();
            return outcome;
        }
    }
}

/// Returns the deployments with links, and those that they are linked to.
fn members(records: &BTreeMap<ComponentName, NameRecord>) -> Vec<&ComponentName> {
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
fn links(
    runtime: &Runtime,
    named: &Named,
    record: &NameRecord,
    deployed: &[Arc<Named>],
) -> Result<Vec<(Arc<Revision>, Links)>> {
    let kept = named.history.lock().kept();
    let mut all = Vec::new();
    for stored in record
        .revisions
        .iter()
        .filter(|stored| !stored.linked.is_empty())
    {
        let ready = kept.iter().find_map(|kept| match kept {
            Kept::Ready(revision) if revision.number == stored.number => Some(revision),
            _ => None,
        });
        let Some(revision) = ready else { continue };
        let candidates: Vec<Arc<Named>> = deployed
            .iter()
            .filter(|other| stored.linked.contains(other.name.as_str()))
            .cloned()
            .collect();
        let links = resolve(
            &named.name,
            revision.component.world(),
            runtime.linkers.providers(),
            &candidates,
            &revision.links.bound,
        )?;
        all.push((Arc::clone(revision), links));
    }
    Ok(all)
}
