//! Removal of deployments: one, several, or the stages of a pipeline.
//!
//! Tests: `tests/suite/links`, `tests/suite/state`, `tests/suite/pipelines`.

use std::collections::BTreeSet;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::names::{DeploymentTable, find_entry, not_deployed};
use super::{Host, HostShared};
use crate::deployment::{DeploymentEnd, DeploymentEntry};
use crate::observe::Event;
use crate::registry::Entries;
use crate::state::{Action, Change, Transaction};
use crate::{Error, ErrorKind, Result};

impl Host {
    /// Removes a deployment and waits until its last call has ended.
    ///
    /// New calls fail at once. Cancel safe: the deployment is removed by the first poll. With a
    /// state directory, it is removed once that is written, which the first poll starts unless 256
    /// other changes are queued.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable), and the deployment stays;
    /// [`InUse`](crate::ErrorKind::InUse) if it is a stage of a pipeline, or another deployment is
    /// linked to it, through its active revision or one retained for a rollback.
    pub async fn remove(&self, name: &str) -> Result<()> {
        self.remove_all(&[name]).await
    }

    /// Removes several deployments, all or none. Links among them do not count, so deployments that
    /// import each other can be removed together.
    ///
    /// # Errors
    ///
    /// Those of [`remove`](Self::remove), for the first deployment that cannot be removed.
    ///
    /// Cancel safe, like [`remove`](Self::remove).
    pub async fn remove_all(&self, names: &[&str]) -> Result<()> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.remove_and_drain(move |shared| shared.deployments.remove(&names, None))
            .await
    }

    /// Removes a pipeline with its stages.
    pub(crate) async fn remove_stages(&self, pipeline: &ComponentName) -> Result<()> {
        let pipeline = pipeline.clone();
        let remove = move |shared: &HostShared| {
            let gone = shared
                .deployments
                .remove(&shared.deployments.stages_of(&pipeline), Some(&pipeline))?;
            shared.pipelines.remove(&pipeline);
            Ok(gone)
        };
        self.remove_and_drain(remove).await
    }

    /// Checks that deployments could be removed together.
    ///
    /// # Errors
    ///
    /// Those of [`remove`](Self::remove).
    pub fn check_removal(&self, names: &[&str]) -> Result<()> {
        self.0.deployments.check_removal(names, None)
    }

    /// Checks that a pipeline could be removed with its stages, even one that cannot run.
    ///
    /// # Errors
    ///
    /// Those of [`remove_pipeline`](Self::remove_pipeline).
    pub async fn check_pipeline_removal(&self, name: &str) -> Result<()> {
        let (shared, name) = (Arc::clone(&self.0), name.to_owned());
        let check = move || {
            let pipeline: ComponentName = name.parse()?;
            let stages = shared.deployments.stages_of(&pipeline);
            if stages.is_empty() {
                return Err(shared.pipelines.unknown(&name));
            }
            shared.deployments.check_removal(&stages, Some(&pipeline))
        };
        self.0.runtime.run_state_write(check).await
    }

    /// Runs a removal, then waits for the calls of the removed deployments.
    async fn remove_and_drain(
        &self,
        remove: impl FnOnce(&HostShared) -> Result<Vec<Arc<DeploymentEntry>>> + Send + 'static,
    ) -> Result<()> {
        let shared = Arc::clone(&self.0);
        for named in self
            .0
            .runtime
            .run_state_write(move || remove(&shared))
            .await?
        {
            named.drained().await;
            named.release_links();
        }
        Ok(())
    }

    /// Removes a pipeline, like
    /// [`PipelineDeployment::remove`](crate::pipeline::PipelineDeployment::remove). Also removes a
    /// pipeline of the state directory that cannot be restored.
    ///
    /// # Errors
    ///
    /// Those of [`PipelineDeployment::remove`](crate::pipeline::PipelineDeployment::remove).
    pub async fn remove_pipeline(&self, name: &str) -> Result<()> {
        let (host, wanted) = (self.clone(), name.to_owned());
        let error = match self
            .0
            .runtime
            .blocking
            .run(move || host.pipeline(&wanted))
            .await
        {
            Ok(pipeline) => return pipeline.remove().await,
            Err(error) => error,
        };
        match name.parse::<ComponentName>() {
            // Remove what remains of it, if anything.
            Ok(name)
                if error.kind() == ErrorKind::StateDamaged
                    || !self.0.deployments.stages_of(&name).is_empty() =>
            {
                if self.0.pipelines.is_awake(&name) {
                    Err(error)
                } else {
                    self.remove_stages(&name).await
                }
            }
            _ => Err(error),
        }
    }
}

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
        let keeping: Vec<_> = going.iter().map(|named| named.commit_lock.lock()).collect();
        self.commit_removal(
            going.iter().map(|named| &named.name).chain(&broken),
            pipeline,
        )?;
        going.iter().for_each(|named| {
            names.remove(&named.name);
            named.end(DeploymentEnd::Removed);
        });
        drop((keeping, names));
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
        let (changed, changes): (Vec<_>, Vec<_>) = going
            .map(|name| ((name, None), Change::now(name, Action::Removed)))
            .unzip();
        let pipelines: Vec<_> = pipeline.iter().map(|name| (*name, None)).collect();
        state.commit(&Transaction {
            names: &changed,
            pipelines: &pipelines,
            changes: &changes,
            ..Transaction::default()
        })
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
