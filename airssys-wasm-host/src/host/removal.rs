//! Names that go: one, several, or those of a pipeline with it.
//!
//! Tests: the workspace's `tests/suite/links`, `tests/suite/state` and `tests/suite/pipelines`.

use std::collections::BTreeSet;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::names::{Names, find, not_deployed};
use super::{Host, Shared};
use crate::aside::may_write;
use crate::deployment::{End, Named};
use crate::observe::Event;
use crate::registry::Entries;
use crate::state::{Action, Change, Transaction};
use crate::{Error, ErrorKind, Result};

impl Host {
    /// Removes a name and waits until its last call has ended.
    ///
    /// New calls fail at once. Cancel safe: the name is gone from the first poll
    /// on; with a state directory, once that is written, which the first poll begins unless 256
    /// other changes wait to be written.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`StateUnavailable`](crate::ErrorKind::StateUnavailable), and then it stays;
    /// [`InUse`](crate::ErrorKind::InUse) if another deployment is linked to it, by the
    /// revision that serves there or by one that is kept for a rollback, or if it is a stage of
    /// a pipeline.
    pub async fn remove(&self, name: &str) -> Result<()> {
        self.remove_all(&[name]).await
    }

    /// Removes several names, all or none: links from one of them to another do not count. So
    /// those can be removed that import each other.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove), for the first that cannot be removed.
    ///
    /// Cancel safe, as [`remove`](Self::remove) is.
    pub async fn remove_all(&self, names: &[&str]) -> Result<()> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.free(move |shared| shared.names.remove(&names, None))
            .await
    }

    /// Removes a pipeline with its stages.
    pub(crate) async fn remove_stages(&self, pipeline: &ComponentName) -> Result<()> {
        let pipeline = pipeline.clone();
        let remove = move |shared: &Shared| {
            let gone = shared
                .names
                .remove(&shared.names.stages_of(&pipeline), Some(&pipeline))?;
            shared.pipelines.remove(&pipeline);
            Ok(gone)
        };
        self.free(remove).await
    }

    /// Whether names could be removed, all together.
    ///
    /// # Errors
    ///
    /// Those of [`remove`](Self::remove).
    pub fn check_removal(&self, names: &[&str]) -> Result<()> {
        self.0.names.check_removal(names, None)
    }

    /// Whether a pipeline could be removed with its stages; one that cannot run as well.
    ///
    /// # Errors
    ///
    /// Those of [`remove_pipeline`](Self::remove_pipeline).
    pub async fn check_pipeline_removal(&self, name: &str) -> Result<()> {
        let (shared, name) = (Arc::clone(&self.0), name.to_owned());
        let check = move || {
            let pipeline: ComponentName = name.parse()?;
            let stages = shared.names.stages_of(&pipeline);
            if stages.is_empty() {
                return Err(shared.pipelines.unknown(&name));
            }
            shared.names.check_removal(&stages, Some(&pipeline))
        };
        may_write(&self.0.runtime, check).await
    }

    /// Has names removed, and waits for their calls.
    async fn free(
        &self,
        remove: impl FnOnce(&Shared) -> Result<Vec<Arc<Named>>> + Send + 'static,
    ) -> Result<()> {
        let shared = Arc::clone(&self.0);
        for named in may_write(&self.0.runtime, move || remove(&shared)).await? {
            named.drained().await;
            named.cut_links();
        }
        Ok(())
    }

    /// Removes a pipeline, as
    /// [`PipelineDeployment::remove`](crate::pipeline::PipelineDeployment::remove) does; so one
    /// that the state directory has and that cannot run.
    ///
    /// # Errors
    ///
    /// Those of [`PipelineDeployment::remove`](crate::pipeline::PipelineDeployment::remove).
    pub async fn remove_pipeline(&self, name: &str) -> Result<()> {
        let (host, wanted) = (self.clone(), name.to_owned());
        let error = match self
            .0
            .runtime
            .aside
            .run(move || host.pipeline(&wanted))
            .await
        {
            Ok(pipeline) => return pipeline.remove().await,
            Err(error) => error,
        };
        match name.parse::<ComponentName>() {
            // What is left of it, if there is something.
            Ok(name)
                if error.kind() == ErrorKind::StateDamaged
                    || !self.0.names.stages_of(&name).is_empty() =>
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

impl Names {
    /// Frees names that nobody is linked to but each other, and the pipeline that they are the
    /// stages of, if one is said; and ends what they stand for. Blocks while the state directory
    /// forgets them, if there is one.
    pub(crate) fn remove(
        &self,
        going: &[impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<Vec<Arc<Named>>> {
        let (whole, broken) = self.wake_all(going, pipeline)?;
        let mut names = self.awake.0.write();
        let going = going_of(&names, &whole, pipeline)?;
        let keeping: Vec<_> = going.iter().map(|named| named.keeping.lock()).collect();
        self.forget(
            going.iter().map(|named| &named.name).chain(&broken),
            pipeline,
        )?;
        going.iter().for_each(|named| {
            names.remove(&named.name);
            named.end(End::Removed);
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

    /// Whether [`remove`](Self::remove) would free names. Blocks while those wake that sleep.
    pub(crate) fn check_removal(
        &self,
        going: &[impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<()> {
        let (whole, _) = self.wake_all(going, pipeline)?;
        going_of(&self.awake.0.read(), &whole, pipeline).map(drop)
    }

    /// Names, woken; and those that are deployed and cannot be, unless one is a stage of another
    /// pipeline.
    fn wake_all<'a>(
        &self,
        names: &'a [impl AsRef<str>],
        pipeline: Option<&ComponentName>,
    ) -> Result<(Vec<&'a str>, Vec<ComponentName>)> {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        let broken = self.broken(&names);
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

    /// Which of these names are deployed and cannot be woken.
    fn broken(&self, names: &[&str]) -> Vec<ComponentName> {
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

    fn forget<'a>(
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

/// What names stand for, if all of them may go.
fn going_of(
    names: &Entries<Named>,
    going: &[&str],
    pipeline: Option<&ComponentName>,
) -> Result<Vec<Arc<Named>>> {
    let known = going
        .iter()
        .map(|name| find(names, name).unwrap_or_else(|| Err(not_deployed(name))));
    let mut going: Vec<_> = known.collect::<Result<_>>()?;
    // One that is named twice goes once, and all lock each other in one order.
    going.sort_by(|one, other| one.name.cmp(&other.name));
    going.dedup_by(|one, other| one.name == other.name);
    let stays = |name: &ComponentName| {
        names.get(name).is_some_and(Option::is_some)
            && !going.iter().any(|named| named.name == *name)
    };
    going
        .iter()
        .try_for_each(|named| check_may_go(named, &stays, pipeline))?;
    Ok(going)
}

/// Whether a name may be removed, with the pipeline that it is a stage of, if one is said.
fn check_may_go(
    named: &Named,
    stays: &dyn Fn(&ComponentName) -> bool,
    pipeline: Option<&ComponentName>,
) -> Result<()> {
    check_owner(&named.name, named.pipeline.as_ref(), pipeline)?;
    let mut linked = named.callers.linked();
    // A caller that was removed may have instances that are being dropped.
    linked.retain(|by| Some(by) != pipeline && stays(by));
    if linked.is_empty() {
        Ok(())
    } else {
        Err(in_use(&named.name, &linked))
    }
}

/// A stage goes with its pipeline alone.
fn check_owner(
    name: &ComponentName,
    owner: Option<&ComponentName>,
    pipeline: Option<&ComponentName>,
) -> Result<()> {
    match owner {
        Some(owner) if Some(owner) != pipeline => {
            let message = format!("`{name}` is a stage of the pipeline `{owner}`: remove that");
            Err(Error::new(ErrorKind::InUse, message))
        }
        _ => Ok(()),
    }
}

fn in_use(name: &ComponentName, linked: &BTreeSet<ComponentName>) -> Error {
    let by: Vec<String> = linked.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "`{name}` is linked to by {}: update or remove those first, or all together",
        by.join(", ")
    );
    Error::new(ErrorKind::InUse, message)
}
