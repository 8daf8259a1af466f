//! The table of a host's deployments: those in use, and those of the state directory that have not
//! been restored yet.
//!
//! Its locks are held only to look up and to replace entries, and never while a deployment is
//! restored or the disk is written, except for `removal_lock`.
//!
//! Tests: `tests/suite/bad_input.rs`, `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::suggest::with_suggestion;
use parking_lot::{Mutex, MutexGuard, RwLock};

use super::{Entries, NameRegistry, NameReservation};
use crate::deployment::{DeploymentEntry, Summary};
use crate::restore::{
    RestoreTurn, RestoredDeployments, SleepingDeployment, SleepingDeployments, restore_linked,
};
use crate::revision::Revision;
use crate::services::HostServices;
use crate::state::DeploymentRecord;
use crate::{Error, ErrorKind, Result};

/// Every deployment of a host.
pub(crate) struct DeploymentTable {
    /// Held while deployments are removed, also while that is written. Whatever must not change
    /// meanwhile takes it too: a revision with links that becomes active, and a deployment that was
    /// restored. Locked before the others, and on blocking threads if anything is written.
    pub(super) removal_lock: Mutex<()>,
    /// Deployments of the state directory that have not been used yet. Locked before `awake`.
    pub(super) asleep: Mutex<SleepingDeployments>,
    pub(super) awake: NameRegistry<DeploymentEntry>,
    /// Read-locked by each restore in progress.
    pub(super) restores: RwLock<()>,
    pub(super) services: Arc<HostServices>,
}

impl DeploymentTable {
    /// Creates the table from `records`. Blocks while deployments with links are restored.
    pub(crate) fn new(
        services: &Arc<HostServices>,
        records: BTreeMap<ComponentName, DeploymentRecord>,
    ) -> Self {
        let awake = NameRegistry::default();
        let RestoredDeployments { restored, failed } = restore_linked(services, &records);
        for deployment in restored {
            awake
                .0
                .write()
                .insert(deployment.name.clone(), Some(deployment));
        }
        let mut asleep = SleepingDeployments::new();
        let linked = Arc::<RestoreTurn>::default();
        for (name, record) in records {
            if let Some((_, error)) = failed.iter().find(|(other, _)| *other == name) {
                tracing::error!(component = %name, %error, "not restored");
                let sleeping = SleepingDeployment::with_turn(record, Arc::clone(&linked));
                sleeping.record_failure(error, services.engines.clock().now());
                asleep.insert(name, Arc::new(sleeping));
            } else if !awake.0.read().contains_key(&name) {
                asleep.insert(name, Arc::new(SleepingDeployment::new(record)));
            }
        }
        Self {
            removal_lock: Mutex::default(),
            asleep: Mutex::new(asleep),
            awake,
            restores: RwLock::default(),
            services: Arc::clone(services),
        }
    }

    /// Reserves a name for a deployment in progress.
    pub(crate) fn reserve(&self, name: &ComponentName) -> Result<NameReservation<DeploymentEntry>> {
        let asleep = self.asleep.lock();
        let is_free = !asleep.contains_key(name);
        let reserved = is_free.then(|| self.awake.reserve(name)).flatten();
        reserved.ok_or_else(|| name_taken_error(name))
    }

    /// Checks that the deployments that a revision is linked to still exist, and ensures that they
    /// do as long as the result is held. Blocks while deployments are removed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotDeployed`] if one of them was removed.
    pub(crate) fn lock_links(&self, revision: &Revision) -> Result<Option<MutexGuard<'_, ()>>> {
        if !revision.has_links {
            return Ok(None);
        }
        let lock = self.removal_lock.lock();
        revision.links.check_targets()?;
        Ok(Some(lock))
    }

    /// Removes those of `names` that are stages of a pipeline whose deployment failed. Blocks while
    /// the state directory is written, if there is one; records that cannot be removed now are
    /// removed at the next start.
    pub(crate) fn discard_stages(&self, names: &[ComponentName], pipeline: &ComponentName) {
        let is_its =
            |deployment: &Arc<DeploymentEntry>| deployment.pipeline.as_ref() == Some(pipeline);
        for name in names {
            let found = self.awake.0.read().get(name).cloned().flatten();
            if let Some(deployment) = found.filter(is_its) {
                if let Err(error) = deployment.abandon_stage() {
                    tracing::warn!(%name, %error, "a stage of a pipeline that failed to deploy is still in the state directory");
                }
                self.awake.remove(name);
            }
        }
    }

    /// Returns a deployment, if it is awake, and the number of its revocations.
    pub(crate) fn revocation_count(&self, name: &str) -> Option<(Weak<DeploymentEntry>, usize)> {
        let deployment = find_entry(&self.awake.0.read(), name)?.ok()?;
        Some((
            Arc::downgrade(&deployment),
            deployment.authorization.revocation_count(),
        ))
    }

    /// Returns the names of a pipeline's stages.
    pub(crate) fn stages_of(&self, pipeline: &ComponentName) -> Vec<ComponentName> {
        let asleep = self.asleep.lock();
        let awake = self.awake.0.read();
        let awake = awake
            .values()
            .flatten()
            .filter(|deployment| deployment.pipeline.as_ref() == Some(pipeline));
        let asleep = asleep
            .iter()
            .filter(|(_, asleep)| asleep.pipeline() == Some(pipeline));
        awake
            .map(|deployment| &deployment.name)
            .chain(asleep.map(|(name, _)| name))
            .cloned()
            .collect()
    }

    /// Returns a summary of every deployment, ordered by name.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        // The lock ensures that a deployment restored meanwhile appears once.
        let asleep = self.asleep.lock();
        let awake = self.awake();
        let awake = awake
            .iter()
            .map(|deployment| Summary::from_entry(deployment));
        let asleep = asleep
            .iter()
            .filter_map(|(name, sleeping)| sleeping.summary(name));
        let mut all: Vec<Summary> = awake.chain(asleep).collect();
        all.sort_by(|one, other| one.deployment.cmp(&other.deployment));
        all
    }

    /// Returns every deployment that is awake.
    pub(crate) fn awake(&self) -> Vec<Arc<DeploymentEntry>> {
        self.awake.0.read().values().flatten().cloned().collect()
    }
}

fn name_taken_error(name: &ComponentName) -> Error {
    Error::new(
        ErrorKind::AlreadyExists,
        format!("`{name}` is deployed already"),
    )
    .with_remedy(format!(
        "get it with `host.deployment(\"{name}\")`, replace it with `host.update(\"{name}\", ...)`, or choose another name with `.name(...)`"
    ))
}

/// Returns the deployment with this name, or an error if it is still being deployed.
pub(super) fn find_entry(
    names: &Entries<DeploymentEntry>,
    name: &str,
) -> Option<Result<Arc<DeploymentEntry>>> {
    match names.get(&name.parse::<ComponentName>().ok()?)? {
        Some(deployment) => Some(Ok(Arc::clone(deployment))),
        None => Some(Err(Error::new(
            ErrorKind::NotDeployed,
            format!("`{name}` is still being deployed"),
        ))),
    }
}

/// Returns the error for a name that is not deployed, with the nearest one that is.
pub(super) fn unknown_name_error(
    name: &str,
    asleep: &SleepingDeployments,
    awake: &Entries<DeploymentEntry>,
) -> Error {
    let names = awake.keys().chain(asleep.keys()).map(ComponentName::as_str);
    let message = format!("nothing is deployed as `{}`", name.escape_debug());
    Error::new(
        ErrorKind::NotDeployed,
        with_suggestion(message, name, names),
    )
}
