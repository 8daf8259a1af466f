//! The table of a host's deployments: those in use, and those of the state directory that have not
//! been restored yet.
//!
//! Tests: `tests/suite/bad_input.rs`, `tests/suite/state`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::suggest::nearest;
use parking_lot::Mutex;

use super::{Entries, NameRegistry, NameReservation};
use crate::deployment::{DeploymentEntry, Summary};
use crate::restore::{LinkedDeployments, SleepingDeployment, SleepingDeployments, restore_linked};
use crate::runtime::Runtime;
use crate::state::DeploymentRecord;
use crate::{Error, ErrorKind, Result};

/// Every deployment of a host.
pub(crate) struct DeploymentTable {
    pub(super) awake: NameRegistry<DeploymentEntry>,
    /// Deployments of the state directory that have not been used yet. Locked before `awake`.
    pub(super) asleep: Mutex<SleepingDeployments>,
    pub(super) runtime: Arc<Runtime>,
}

impl DeploymentTable {
    /// Creates the table from `records`. Blocks while deployments with links are restored.
    pub(crate) fn new(
        runtime: &Arc<Runtime>,
        records: BTreeMap<ComponentName, DeploymentRecord>,
    ) -> Self {
        let table = NameRegistry::default();
        let LinkedDeployments { awake, failed } = restore_linked(runtime, &records);
        for named in awake {
            table.0.write().insert(named.name.clone(), Some(named));
        }
        let mut asleep = SleepingDeployments::new();
        for (name, record) in records {
            if let Some((_, error)) = failed.iter().find(|(other, _)| *other == name) {
                tracing::error!(component = %name, %error, "not restored");
                asleep.insert(name, SleepingDeployment::failed(record, error));
            } else if !table.0.read().contains_key(&name) {
                asleep.insert(name, SleepingDeployment::new(record));
            }
        }
        Self {
            awake: table,
            asleep: Mutex::new(asleep),
            runtime: Arc::clone(runtime),
        }
    }

    /// Reserves a name for a deployment in progress.
    pub(crate) async fn reserve(
        self: &Arc<Self>,
        name: &ComponentName,
    ) -> Result<NameReservation<DeploymentEntry>> {
        let name = name.clone();
        let reserve = move |table: &Self, asleep: &SleepingDeployments| {
            let free = !asleep.contains_key(&name);
            free.then(|| table.awake.reserve(&name))
                .flatten()
                .ok_or_else(|| name_taken_error(&name))
        };
        self.with_sleeping(reserve).await?
    }

    /// Returns a deployment, restored on a blocking thread if it is asleep.
    pub(crate) async fn find(self: &Arc<Self>, name: &str) -> Result<Arc<DeploymentEntry>> {
        if let Some(found) = self.get_without_restore(name) {
            return found;
        }
        let (table, name) = (Arc::clone(self), name.to_owned());
        self.runtime.run_restore(move || table.get(&name)).await
    }

    /// Returns a deployment. Blocks while it is restored, if it is asleep.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<DeploymentEntry>> {
        if let Some(found) = find_entry(&self.awake.0.read(), name) {
            return found;
        }
        let mut asleep = self.asleep.lock();
        match sleeping_name(&asleep, name) {
            Some(known) => self.wake(&mut asleep, &known),
            None => self.get_restored(name, &asleep),
        }
    }

    /// Returns a deployment, or the error if there is none. Returns `None` if that would block.
    fn get_without_restore(&self, name: &str) -> Option<Result<Arc<DeploymentEntry>>> {
        if let Some(found) = find_entry(&self.awake.0.read(), name) {
            return Some(found);
        }
        let asleep = self.asleep.try_lock()?;
        let is_awake = sleeping_name(&asleep, name).is_none();
        is_awake.then(|| self.get_restored(name, &asleep))
    }

    /// Returns a deployment that is not asleep: another caller may have restored it meanwhile.
    fn get_restored(
        &self,
        name: &str,
        asleep: &SleepingDeployments,
    ) -> Result<Arc<DeploymentEntry>> {
        find_entry(&self.awake.0.read(), name)
            .unwrap_or_else(|| Err(self.unknown_name_error(name, asleep)))
    }

    /// Removes those of `names` that are stages of a pipeline whose deployment failed. Blocks while
    /// the state directory is written, if there is one; records that cannot be removed now are
    /// removed at the next start.
    pub(crate) fn discard_stages(&self, names: &[ComponentName], pipeline: &ComponentName) {
        let is_its = |named: &Arc<DeploymentEntry>| named.pipeline.as_ref() == Some(pipeline);
        for name in names {
            let found = self.awake.0.read().get(name).cloned().flatten();
            if let Some(named) = found.filter(is_its) {
                if let Err(error) = named.abandon_stage() {
                    tracing::warn!(%name, %error, "a stage of a pipeline that failed to deploy is still in the state directory");
                }
                self.awake.remove(name);
            }
        }
    }

    /// Returns the number of revocations of a deployment, if it is awake.
    pub(crate) fn revocation_count(&self, name: &str) -> Option<usize> {
        let named = find_entry(&self.awake.0.read(), name)?.ok()?;
        Some(named.authorization.revocation_count())
    }

    /// Returns the names of a pipeline's stages.
    pub(crate) fn stages_of(&self, pipeline: &ComponentName) -> Vec<ComponentName> {
        let asleep = self.asleep.lock();
        let awake = self.awake.0.read();
        let awake = awake
            .values()
            .flatten()
            .filter(|named| named.pipeline.as_ref() == Some(pipeline));
        let asleep = asleep
            .iter()
            .filter(|(_, asleep)| asleep.pipeline() == Some(pipeline));
        awake
            .map(|named| &named.name)
            .chain(asleep.map(|(name, _)| name))
            .cloned()
            .collect()
    }

    /// Returns every deployment that can serve. Those that are asleep are restored on a blocking
    /// thread.
    pub(crate) async fn all(self: &Arc<Self>) -> Result<Vec<Arc<DeploymentEntry>>> {
        if !self.is_restored() {
            let table = Arc::clone(self);
            let restore = move || {
                while table.wake_next() {}
                Ok(())
            };
            self.runtime.run_restore(restore).await?;
        }
        Ok(self.awake())
    }

    /// Returns a summary of every deployment, ordered by name.
    pub(crate) async fn summaries(self: &Arc<Self>) -> Result<Vec<Summary>> {
        // The lock ensures that a deployment restored meanwhile appears once.
        let summarize = |table: &Self, asleep: &SleepingDeployments| {
            let awake = table.awake();
            let awake = awake.iter().map(|named| Summary::from_entry(named));
            let asleep = asleep
                .iter()
                .filter_map(|(name, asleep)| asleep.summary(name));
            let mut all: Vec<Summary> = awake.chain(asleep).collect();
            all.sort_by(|one, other| one.component.cmp(&other.component));
            all
        };
        self.with_sleeping(summarize).await
    }

    /// Returns every deployment that is awake.
    pub(crate) fn awake(&self) -> Vec<Arc<DeploymentEntry>> {
        self.awake.0.read().values().flatten().cloned().collect()
    }

    /// Calls `look` with the sleeping deployments, under their lock. If a restore holds the lock,
    /// waits for it on a blocking thread.
    pub(crate) async fn with_sleeping<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Self, &SleepingDeployments) -> T + Send + 'static,
    ) -> Result<T> {
        if let Some(asleep) = self.asleep.try_lock() {
            return Ok(look(self, &asleep));
        }
        let table = Arc::clone(self);
        let look = move || Ok(look(&table, &table.asleep.lock()));
        self.runtime.run_restore(look).await
    }

    /// Returns `true` if a restore of every deployment has been tried, `false` if that is uncertain.
    pub(crate) fn is_restored(&self) -> bool {
        let asleep = self.asleep.try_lock();
        asleep.is_some_and(|asleep| !asleep.values().any(SleepingDeployment::is_untried))
    }

    /// Restores the next sleeping deployment that has not been tried. Returns `false` if there is
    /// none.
    pub(crate) fn wake_next(&self) -> bool {
        let mut asleep = self.asleep.lock();
        let next = asleep
            .iter()
            .find(|(_, asleep)| asleep.is_untried())
            .map(|(name, _)| name.clone());
        if let Some(name) = &next {
            // A failure has been announced.
            let _ = self.wake(&mut asleep, name);
        }
        next.is_some()
    }

    /// Drops all sleeping deployments, so that none is restored any more. Waits for a restore in
    /// progress.
    pub(crate) fn close(&self) {
        self.asleep.lock().clear();
    }

    pub(super) fn wake(
        &self,
        asleep: &mut SleepingDeployments,
        name: &ComponentName,
    ) -> Result<Arc<DeploymentEntry>> {
        let sleeper = asleep
            .get_mut(name)
            .ok_or_else(|| not_deployed(name.as_str()))?;
        let named = sleeper.wake(&self.runtime, name)?;
        self.awake
            .0
            .write()
            .insert(name.clone(), Some(Arc::clone(&named)));
        asleep.remove(name);
        Ok(named)
    }

    fn unknown_name_error(&self, name: &str, asleep: &SleepingDeployments) -> Error {
        let awake = self.awake.0.read();
        let names = awake.keys().chain(asleep.keys()).map(ComponentName::as_str);
        let shown = name.escape_debug();
        let hint = match nearest(name, names) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        Error::new(
            ErrorKind::NotDeployed,
            format!("nothing is deployed as `{shown}`{hint}"),
        )
    }
}

/// Returns the name if a deployment with this name is asleep.
fn sleeping_name(asleep: &SleepingDeployments, name: &str) -> Option<ComponentName> {
    let name = name.parse::<ComponentName>().ok()?;
    asleep.contains_key(&name).then_some(name)
}

fn name_taken_error(name: &ComponentName) -> Error {
    Error::new(
        ErrorKind::AlreadyExists,
        format!("`{name}` is deployed already"),
    )
    .with_remedy(format!(
        "replace it with `host.update(\"{name}\", ...)`, or choose another name with `.name(...)`"
    ))
}

/// Returns the deployment with this name, or an error if it is still being deployed.
pub(super) fn find_entry(
    names: &Entries<DeploymentEntry>,
    name: &str,
) -> Option<Result<Arc<DeploymentEntry>>> {
    match names.get(&name.parse::<ComponentName>().ok()?)? {
        Some(named) => Some(Ok(Arc::clone(named))),
        None => Some(Err(Error::new(
            ErrorKind::NotDeployed,
            format!("`{name}` is still being deployed"),
        ))),
    }
}

pub(super) fn not_deployed(name: &str) -> Error {
    Error::new(
        ErrorKind::NotDeployed,
        format!("nothing is deployed as `{}`", name.escape_debug()),
    )
}
