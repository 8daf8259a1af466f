//! The pipelines of a host, by name.
//!
//! Tests: `tests/suite/pipelines`, `tests/suite/state/pipelines.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::suggest::nearest;
use parking_lot::Mutex;

use super::dead_letter::DeadLetterReceiver;
use super::handle::PipelineDeployment;
use super::restore::restore;
use super::running::RunningPipeline;
use crate::context::HostContext;
use crate::registry::{NameRegistry, NameReservation};
use crate::state::PipelineRecord;
use crate::{Error, ErrorKind, Result};

/// Every pipeline of a host.
pub(crate) struct Pipelines {
    awake: NameRegistry<RunningPipeline>,
    /// Pipelines in the state directory that were not used since the host was started. This lock is
    /// taken before that of `awake`.
    asleep: Mutex<BTreeMap<ComponentName, PipelineRecord>>,
    pub(super) context: Arc<HostContext>,
    /// The receiver of dead letters for pipelines that set none.
    pub(super) dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
}

impl Pipelines {
    pub(crate) fn new(
        context: &Arc<HostContext>,
        asleep: BTreeMap<ComponentName, PipelineRecord>,
        dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
    ) -> Self {
        Self {
            awake: NameRegistry::default(),
            asleep: Mutex::new(asleep),
            context: Arc::clone(context),
            dead_letters,
        }
    }

    pub(super) fn reserve(&self, name: &ComponentName) -> Result<NameReservation<RunningPipeline>> {
        let asleep = self.asleep.lock();
        let free = !asleep.contains_key(name);
        free.then(|| self.awake.reserve(name))
            .flatten()
            .ok_or_else(|| {
                let message = format!(
                    "the pipeline `{name}` is already deployed; remove it, or choose another name"
                );
                Error::new(ErrorKind::NameTaken, message)
            })
    }

    pub(crate) fn remove(&self, name: &ComponentName) {
        self.asleep.lock().remove(name);
        self.awake.remove(name);
    }

    /// Returns `true` if the name still refers to `runner`.
    pub(super) fn refers_to(&self, name: &ComponentName, runner: &Arc<RunningPipeline>) -> bool {
        let entries = self.awake.0.read();
        entries.get(name).is_some_and(|entry| {
            entry
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, runner))
        })
    }

    /// Returns `true` if the name refers to a pipeline that runs, or to one that is being deployed.
    pub(crate) fn is_awake(&self, name: &ComponentName) -> bool {
        self.awake.0.read().contains_key(name)
    }

    /// Returns every name, in order, except those that are being deployed.
    pub(crate) fn all(&self) -> Vec<ComponentName> {
        let asleep = self.asleep.lock();
        let awake = self.awake.0.read();
        let awake = awake
            .iter()
            .filter(|(_, runner)| runner.is_some())
            .map(|(name, _)| name);
        let mut all: Vec<ComponentName> = asleep.keys().chain(awake).cloned().collect();
        all.sort();
        all
    }

    /// Returns a pipeline by its name. Restores one that is asleep, with its stages; then this
    /// blocks.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<RunningPipeline>> {
        let parsed = name.parse::<ComponentName>();
        let known = parsed.ok().ok_or_else(|| self.unknown(name))?;
        if let Some(runner) = self.get_awake(&known) {
            return Ok(runner);
        }
        let mut asleep = self.asleep.lock();
        let Some(record) = asleep.get(&known) else {
            drop(asleep);
            // Another thread may have restored it.
            return self.get_awake(&known).ok_or_else(|| self.unknown(name));
        };
        let runner = Arc::new(restore(self, &known, record)?);
        self.awake
            .0
            .write()
            .insert(known.clone(), Some(Arc::clone(&runner)));
        asleep.remove(&known);
        Ok(runner)
    }

    fn get_awake(&self, name: &ComponentName) -> Option<Arc<RunningPipeline>> {
        self.awake.0.read().get(name).cloned().flatten()
    }

    pub(crate) fn unknown(&self, name: &str) -> Error {
        let all = self.all();
        let hint = match nearest(name, all.iter().map(ComponentName::as_str)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        let message = format!("no pipeline is deployed as `{}`{hint}", name.escape_debug());
        Error::new(ErrorKind::NotDeployed, message)
    }

    /// Removes a pipeline with its stages, and waits until their calls have ended.
    pub(super) async fn remove_with_stages(self: &Arc<Self>, name: &ComponentName) -> Result<()> {
        let (pipelines, name) = (Arc::clone(self), name.clone());
        let remove = move |context: &HostContext| {
            let deployments = &context.deployments;
            let removed = deployments.remove(&deployments.stages_of(&name), Some(&name))?;
            pipelines.remove(&name);
            Ok(removed)
        };
        self.context.remove_and_drain(remove).await
    }

    /// Checks that a pipeline could be removed: no deployment outside it is linked to a stage.
    pub(crate) async fn check_removal(self: &Arc<Self>, name: &str) -> Result<()> {
        let (pipelines, name) = (Arc::clone(self), name.to_owned());
        let check = move || {
            let deployments = &pipelines.context.deployments;
            let pipeline: ComponentName = name.parse()?;
            let stages = deployments.stages_of(&pipeline);
            if stages.is_empty() {
                return Err(pipelines.unknown(&name));
            }
            deployments.check_removal(&stages, Some(&pipeline))
        };
        self.context.runtime.run_state_write(check).await
    }

    /// Removes a pipeline, or what remains of one that cannot be restored.
    pub(crate) async fn remove_by_name(self: &Arc<Self>, name: &str) -> Result<()> {
        let (pipelines, wanted) = (Arc::clone(self), name.to_owned());
        let blocking = &self.context.runtime.blocking;
        let error = match blocking.run(move || pipelines.get(&wanted)).await {
            Ok(running) => return PipelineDeployment::new(self, running).remove().await,
            Err(error) => error,
        };
        match name.parse::<ComponentName>() {
            Ok(name) if self.has_remains(&name, &error) => self.remove_with_stages(&name).await,
            _ => Err(error),
        }
    }

    /// Returns `true` if a pipeline that could not be restored has left something to remove.
    fn has_remains(&self, name: &ComponentName, error: &Error) -> bool {
        let is_damaged = error.kind() == ErrorKind::StateDamaged;
        let has_stages = || !self.context.deployments.stages_of(name).is_empty();
        (is_damaged || has_stages()) && !self.is_awake(name)
    }
}
