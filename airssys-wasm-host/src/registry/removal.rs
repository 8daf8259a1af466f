//! Removal of deployments from the table: one, several, or the stages of a pipeline.
//!
//! Nothing is restored to be removed: of a sleeping deployment, only the record is known.
//!
//! Tests: `tests/suite/links`, `tests/suite/state`, `tests/suite/pipelines`.

use std::collections::BTreeSet;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::deployments::{DeploymentTable, find_entry, unknown_name_error};
use crate::deployment::{DeploymentEnd, DeploymentEntry};
use crate::observe::Event;
use crate::state::{Action, Change, Transaction};
use crate::{Error, ErrorKind, Result};

/// The deployments that are removed together.
struct Removal {
    awake: Vec<Arc<DeploymentEntry>>,
    asleep: BTreeSet<ComponentName>,
}

impl DeploymentTable {
    /// Removes and ends deployments, together with the pipeline that they are the stages of, if one
    /// is given. Returns those that were in use. Fails if another deployment is linked to one of
    /// them. Blocks while the state directory is written, if there is one; lookups and deploys do
    /// not wait for that.
    pub(crate) fn remove(
        &self,
        going: &[impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<Vec<Arc<DeploymentEntry>>> {
        // The names stay taken until the removal is applied, and this ensures that nothing is
        // restored, changed or linked meanwhile that the removal does not know.
        let _removal = self.removal_lock.lock();
        let removal = self.plan_removal(going, pipeline)?;
        let awake = removal.awake.iter();
        let changes: Vec<_> = awake.map(|deployment| deployment.begin_change()).collect();
        self.commit_removal(&removal, pipeline)?;
        self.apply_removal(&removal);
        drop(changes);
        Ok(removal.awake)
    }

    /// Checks that [`remove`](Self::remove) would succeed. Blocks while one of the deployments is
    /// changed.
    pub(crate) fn check_removal(
        &self,
        going: &[impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<()> {
        self.plan_removal(going, pipeline).map(drop)
    }

    /// Finds the deployments to be removed, if all of them may be.
    fn plan_removal(
        &self,
        going: &[impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<Removal> {
        let mut removal = Removal {
            awake: Vec::new(),
            asleep: BTreeSet::new(),
        };
        let (asleep, awake) = (self.asleep.lock(), self.awake.0.read());
        for name in going.iter().map(AsRef::as_ref) {
            let known = name.parse::<ComponentName>().ok();
            if let Some((name, sleeping)) = known.and_then(|name| asleep.get_key_value(&name)) {
                check_owner(name, sleeping.pipeline(), pipeline)?;
                removal.asleep.insert(name.clone());
            } else {
                let found = find_entry(&awake, name);
                let unknown = || Err(unknown_name_error(name, &asleep, &awake));
                removal.awake.push(found.unwrap_or_else(unknown)?);
            }
        }
        let deployed = awake.iter().filter(|(_, deployment)| deployment.is_some());
        let mut staying: BTreeSet<_> = deployed.map(|(name, _)| name.clone()).collect();
        // The handles of a deployment are locked while it is changed, so the table is not.
        drop((asleep, awake));
        // Remove duplicates, and give the locks of several deployments a fixed order.
        removal
            .awake
            .sort_by(|one, other| one.name.cmp(&other.name));
        removal.awake.dedup_by(|one, other| one.name == other.name);
        removal.awake.iter().for_each(|deployment| {
            staying.remove(&deployment.name);
        });
        let mut awake = removal.awake.iter();
        awake.try_for_each(|deployment| check_no_links(deployment, &staying, pipeline))?;
        Ok(removal)
    }

    fn commit_removal(&self, removal: &Removal, pipeline: Option<&ComponentName>) -> Result<()> {
        let Some(state) = self.services.state() else {
            return Ok(());
        };
        let remove = |transaction: Transaction, name: &ComponentName| {
            let removed = Change::now(name, Action::Removed);
            transaction.without_deployment(name).with_changes([removed])
        };
        let awake = removal.awake.iter().map(|deployment| &deployment.name);
        let transaction = awake
            .chain(&removal.asleep)
            .fold(Transaction::new(), remove);
        let transaction = pipeline
            .into_iter()
            .fold(transaction, Transaction::without_pipeline);
        state.commit(&transaction)
    }

    /// Frees the names, and ends the deployments that were in use.
    fn apply_removal(&self, removal: &Removal) {
        let mut asleep = self.asleep.lock();
        let mut awake = self.awake.0.write();
        for deployment in &removal.awake {
            awake.remove(&deployment.name);
            deployment.end(DeploymentEnd::Removed);
        }
        for name in &removal.asleep {
            asleep.remove(name);
            self.services.announcer.announce(Event::Removed {
                deployment: name.clone(),
            });
        }
    }
}

/// Checks that a deployment may be removed, with its pipeline if one is given.
fn check_no_links(
    deployment: &DeploymentEntry,
    staying: &BTreeSet<ComponentName>,
    pipeline: Option<&ComponentName>,
) -> Result<()> {
    check_owner(&deployment.name, deployment.pipeline.as_ref(), pipeline)?;
    let mut linked = deployment.handles.calling_names();
    // Instances of a removed caller may still be shutting down.
    linked.retain(|by| Some(by) != pipeline && staying.contains(by));
    if linked.is_empty() {
        Ok(())
    } else {
        Err(in_use_error(&deployment.name, &linked))
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
