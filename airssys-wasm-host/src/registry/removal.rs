//! Removal of deployments from the table: one, several, or the stages of a pipeline.
//!
//! Tests: `tests/suite/links`, `tests/suite/state`, `tests/suite/pipelines`.

use std::collections::BTreeSet;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::Entries;
use super::deployments::{DeploymentTable, find_entry, not_deployed};
use crate::deployment::{DeploymentEnd, DeploymentEntry};
use crate::observe::Event;
use crate::state::{Action, Change, Transaction};
use crate::{Error, ErrorKind, Result};

impl DeploymentTable {
    /// Removes and ends deployments, together with the pipeline that they are the stages of, if one
    /// is given. Fails if another deployment is linked to one of them. Blocks while the state
    /// directory is written, if there is one.
    pub(crate) fn remove(
        &self,
        going: &[impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<Vec<Arc<DeploymentEntry>>> {
        let (whole, broken) = self.wake_all(going, pipeline)?;
        let mut names = self.awake.0.write();
        let going = check_removable(&names, &whole, pipeline)?;
        let changes: Vec<_> = going.iter().map(|named| named.begin_change()).collect();
        self.commit_removal(
            going.iter().map(|named| &named.name).chain(&broken),
            pipeline,
        )?;
        going.iter().for_each(|named| {
            names.remove(&named.name);
            named.end(DeploymentEnd::Removed);
        });
        drop((changes, names));
        for component in broken {
            self.asleep.lock().remove(&component);
            self.runtime
                .announcer
                .announce(Event::Removed { component });
        }
        Ok(going)
    }

    /// Checks that [`remove`](Self::remove) would succeed. Blocks while sleeping deployments are
    /// restored.
    pub(crate) fn check_removal(
        &self,
        going: &[impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<()> {
        let (whole, _) = self.wake_all(going, pipeline)?;
        check_removable(&self.awake.0.read(), &whole, pipeline).map(drop)
    }

    /// Restores deployments. Returns their names, and separately those that are deployed but cannot
    /// be restored. Fails if one of the latter is a stage of another pipeline.
    fn wake_all<'a>(
        &self,
        names: &'a [impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<(Vec<&'a str>, Vec<ComponentName>)> {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let broken = self.unrestorable(&names);
        for name in &broken {
            let owner = self
                .asleep
                .lock()
                .get(name)
                .and_then(|asleep| asleep.pipeline().cloned());
            check_owner(name, owner.as_ref(), pipeline)?;
        }
        let is_broken = |name: &str| broken.iter().any(|known| known.as_str() == name);
        let whole: Vec<&str> = names.into_iter().filter(|name| !is_broken(name)).collect();
        whole.iter().try_for_each(|name| self.get(name).map(drop))?;
        Ok((whole, broken))
    }

    /// Returns those of these names that are deployed but cannot be restored.
    fn unrestorable(&self, names: &[&str]) -> Vec<ComponentName> {
        let mut asleep = self.asleep.lock();
        let known: Vec<ComponentName> = names
            .iter()
            .filter_map(|name| name.parse().ok())
            .filter(|name| asleep.contains_key(name))
            .collect();
        known
            .into_iter()
            .filter(|name| self.wake(&mut asleep, name).is_err())
            .collect()
    }

    fn commit_removal<'a>(
        &self,
        going: impl Iterator<Item = &'a ComponentName>,
        pipeline: Option<&ComponentName>,
    ) -> Result<()> {
        let Some(state) = self.runtime.state() else {
            return Ok(());
        };
        let remove = |transaction: Transaction, name: &ComponentName| {
            let removed = Change::now(name, Action::Removed);
            transaction.without_deployment(name).with_changes([removed])
        };
        let transaction = going.fold(Transaction::new(), remove);
        let transaction = pipeline
            .into_iter()
            .fold(transaction, Transaction::without_pipeline);
        state.commit(&transaction)
    }
}

/// Returns the deployments to be removed, if all of them may be.
fn check_removable(
    names: &Entries<DeploymentEntry>,
    going: &[&str],
    pipeline: Option<&ComponentName>,
) -> Result<Vec<Arc<DeploymentEntry>>> {
    let known = going
        .iter()
        .map(|name| find_entry(names, name).unwrap_or_else(|| Err(not_deployed(name))));
    let mut going: Vec<_> = known.collect::<Result<_>>()?;
    // Remove duplicates, and give the locks of several deployments a fixed order.
    going.sort_by(|one, other| one.name.cmp(&other.name));
    going.dedup_by(|one, other| one.name == other.name);
    let stays = |name: &ComponentName| {
        names.get(name).is_some_and(Option::is_some)
            && !going.iter().any(|named| named.name == *name)
    };
    going
        .iter()
        .try_for_each(|named| check_no_links(named, &stays, pipeline))?;
    Ok(going)
}

/// Checks that a deployment may be removed, with its pipeline if one is given.
fn check_no_links(
    named: &DeploymentEntry,
    stays: &dyn Fn(&ComponentName) -> bool,
    pipeline: Option<&ComponentName>,
) -> Result<()> {
    check_owner(&named.name, named.pipeline.as_ref(), pipeline)?;
    let mut linked = named.handles.calling_names();
    // Instances of a removed caller may still be shutting down.
    linked.retain(|by| Some(by) != pipeline && stays(by));
    if linked.is_empty() {
        Ok(())
    } else {
        Err(in_use_error(&named.name, &linked))
    }
}

/// Checks that a stage is removed only with its pipeline.
fn check_owner(
    name: &ComponentName,
    owner: Option<&ComponentName>,
    pipeline: Option<&ComponentName>,
) -> Result<()> {
    match owner {
        Some(owner) if Some(owner) != pipeline => {
            let message = format!(
                "`{name}` is a stage of the pipeline `{owner}`: remove the pipeline instead"
            );
            Err(Error::new(ErrorKind::InUse, message))
        }
        _ => Ok(()),
    }
}

fn in_use_error(name: &ComponentName, linked: &BTreeSet<ComponentName>) -> Error {
    let by: Vec<String> = linked.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "`{name}` is used by {}: update or remove those first, or remove all together",
        by.join(", ")
    );
    Error::new(ErrorKind::InUse, message)
}
