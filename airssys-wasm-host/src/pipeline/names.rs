//! The pipelines of a host, by name.
//!
//! Tests: in this file, `tests/suite/pipelines`, `tests/suite/state/pipelines.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::suggest::with_suggestion;
use parking_lot::Mutex;

use super::dead_letter::DeadLetterReceiver;
use super::restore::restore;
use super::running::RunningPipeline;
use crate::context::HostContext;
use crate::registry::{NameRegistry, NameReservation};
use crate::state::PipelineRecord;
use crate::{Error, ErrorKind, Result};

/// The records of pipelines that have not been restored, by name.
type SleepingPipelines = BTreeMap<ComponentName, PipelineRecord>;

/// Every pipeline of a host.
pub(crate) struct Pipelines {
    awake: NameRegistry<RunningPipeline>,
    /// Pipelines in the state directory that were not used since the host was started. This lock is
    /// taken before that of `awake`.
    asleep: Mutex<SleepingPipelines>,
    pub(super) context: Arc<HostContext>,
    /// The receiver of dead letters for pipelines that set none.
    pub(super) dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
}

impl Pipelines {
    pub(crate) fn new(
        context: &Arc<HostContext>,
        asleep: SleepingPipelines,
        dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
    ) -> Self {
        Self {
            awake: NameRegistry::default(),
            asleep: Mutex::new(asleep),
            context: Arc::clone(context),
            dead_letters,
        }
    }

    pub(super) async fn reserve(
        self: &Arc<Self>,
        name: &ComponentName,
    ) -> Result<NameReservation<RunningPipeline>> {
        let name = name.clone();
        let reserve = move |pipelines: &Self, asleep: &SleepingPipelines| {
            let free = !asleep.contains_key(&name);
            free.then(|| pipelines.awake.reserve(&name))
                .flatten()
                .ok_or_else(|| {
                    let message = format!(
                        "the pipeline `{name}` is already deployed; remove it, or choose another name"
                    );
                    Error::new(ErrorKind::AlreadyExists, message)
                })
        };
        self.with_sleeping(reserve).await?
    }

    pub(crate) fn remove(&self, name: &ComponentName) {
        self.asleep.lock().remove(name);
        self.awake.remove(name);
    }

    /// Returns `true` if its name still refers to a pipeline.
    fn is_deployed(&self, running: &Arc<RunningPipeline>) -> bool {
        let deployed = self.get_awake(running.pipeline.name());
        deployed.is_some_and(|deployed| Arc::ptr_eq(&deployed, running))
    }

    /// Returns `true` if the name refers to a pipeline that runs, or to one that is being deployed.
    pub(crate) fn is_awake(&self, name: &ComponentName) -> bool {
        self.awake.0.read().contains_key(name)
    }

    /// Returns every name, in order, except those that are being deployed.
    pub(crate) async fn all(self: &Arc<Self>) -> Result<Vec<ComponentName>> {
        self.with_sleeping(Self::names).await
    }

    fn names(&self, asleep: &SleepingPipelines) -> Vec<ComponentName> {
        let awake = self.awake.0.read();
        let awake = awake
            .iter()
            .filter(|(_, running)| running.is_some())
            .map(|(name, _)| name);
        let mut all: Vec<ComponentName> = asleep.keys().chain(awake).cloned().collect();
        all.sort();
        all
    }

    /// Calls `look` with the pipelines that are asleep, under their lock. If a restore holds the
    /// lock, waits for it on a blocking thread.
    async fn with_sleeping<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Self, &SleepingPipelines) -> T + Send + 'static,
    ) -> Result<T> {
        if let Some(asleep) = self.asleep.try_lock() {
            return Ok(look(self, &asleep));
        }
        let pipelines = Arc::clone(self);
        let look = move || Ok(look(&pipelines, &pipelines.asleep.lock()));
        self.context.services.run_restore(look).await
    }

    /// Returns a pipeline by its name. One that is asleep is restored on a blocking thread, with its
    /// stages.
    pub(crate) async fn find(self: &Arc<Self>, name: &str) -> Result<Arc<RunningPipeline>> {
        if let Some(found) = self.get_without_restore(name) {
            return found;
        }
        let (pipelines, name) = (Arc::clone(self), name.to_owned());
        let services = &self.context.services;
        services.run_restore(move || pipelines.get(&name)).await
    }

    /// Returns a pipeline by its name. Restores one that is asleep, with its stages; then this
    /// blocks.
    fn get(&self, name: &str) -> Result<Arc<RunningPipeline>> {
        let mut asleep = self.asleep.lock();
        let parsed = name.parse::<ComponentName>().ok();
        let Some((known, record)) = parsed.and_then(|name| asleep.get_key_value(&name)) else {
            return self.get_restored(name, &asleep);
        };
        let restored = restore(&self.context, self.dead_letters.as_ref(), known, record)?;
        let (running, known) = (Arc::new(restored), known.clone());
        asleep.remove(&known);
        let mut awake = self.awake.0.write();
        awake.insert(known, Some(Arc::clone(&running)));
        Ok(running)
    }

    /// Returns a pipeline, or the error if there is none. Returns `None` if that would block.
    fn get_without_restore(&self, name: &str) -> Option<Result<Arc<RunningPipeline>>> {
        let parsed = name.parse::<ComponentName>().ok();
        if let Some(runner) = parsed.as_ref().and_then(|name| self.get_awake(name)) {
            return Some(Ok(runner));
        }
        let asleep = self.asleep.try_lock()?;
        let is_asleep = parsed.is_some_and(|name| asleep.contains_key(&name));
        (!is_asleep).then(|| self.get_restored(name, &asleep))
    }

    /// Returns a pipeline that is not asleep: another caller may have restored it meanwhile.
    fn get_restored(&self, name: &str, asleep: &SleepingPipelines) -> Result<Arc<RunningPipeline>> {
        let parsed = name.parse::<ComponentName>().ok();
        parsed
            .and_then(|name| self.get_awake(&name))
            .ok_or_else(|| self.unknown_among(name, asleep))
    }

    fn get_awake(&self, name: &ComponentName) -> Option<Arc<RunningPipeline>> {
        self.awake.0.read().get(name).cloned().flatten()
    }

    fn unknown(&self, name: &str) -> Error {
        self.unknown_among(name, &self.asleep.lock())
    }

    fn unknown_among(&self, name: &str, asleep: &SleepingPipelines) -> Error {
        let all = self.names(asleep);
        let message = format!("no pipeline is deployed as `{}`", name.escape_debug());
        Error::new(
            ErrorKind::NotDeployed,
            with_suggestion(message, name, all.iter().map(ComponentName::as_str)),
        )
    }

    /// Removes a pipeline, once the items inside have come to their end.
    ///
    /// # Errors
    ///
    /// Those of [`PipelineDeployment::remove`](super::PipelineDeployment::remove).
    pub(super) async fn remove_running(
        self: &Arc<Self>,
        running: &Arc<RunningPipeline>,
    ) -> Result<()> {
        let name = running.pipeline.name();
        self.check_removal(name.as_str()).await?;
        let closed = running.in_flight.close();
        closed.wait_until_empty().await;
        if !self.is_deployed(running) {
            let message = format!("the pipeline `{name}` was removed already");
            return Err(Error::new(ErrorKind::NotDeployed, message));
        }
        let removed = self.remove_with_stages(name).await;
        // A removal at the same time may have succeeded.
        if removed.is_err() && self.is_deployed(running) {
            closed.reopen();
        }
        removed
    }

    /// Removes a pipeline with its stages, and waits until their calls have ended.
    async fn remove_with_stages(self: &Arc<Self>, name: &ComponentName) -> Result<()> {
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
        self.context.services.run_state_write(check).await
    }

    /// Removes a pipeline, or what remains of one that cannot be restored.
    pub(crate) async fn remove_by_name(self: &Arc<Self>, name: &str) -> Result<()> {
        let error = match self.find(name).await {
            Ok(running) => return self.remove_running(&running).await,
            Err(error) => error,
        };
        match name.parse::<ComponentName>() {
            Ok(name) if self.has_remains(&name, &error).await? => {
                self.remove_with_stages(&name).await
            }
            _ => Err(error),
        }
    }

    /// Returns `true` if a pipeline that could not be restored has left something to remove.
    async fn has_remains(self: &Arc<Self>, name: &ComponentName, error: &Error) -> Result<bool> {
        let is_damaged = error.kind() == ErrorKind::StateDamaged;
        let (pipelines, name) = (Arc::clone(self), name.clone());
        let check = move || {
            let has_stages = || !pipelines.context.deployments.stages_of(&name).is_empty();
            Ok((is_damaged || has_stages()) && !pipelines.is_awake(&name))
        };
        self.context.services.run_restore(check).await
    }
}

#[cfg(test)]
mod tests {
    use airssys_wasm_core::pipeline::StageOptions;
    use airssys_wasm_core::policy::Grants;
    use futures_util::{FutureExt as _, StreamExt as _, stream};

    use super::*;
    use crate::{Component, Host};

    fn component(name: &str, text: &str) -> Component {
        Component::from_bytes(wat::parse_str(text).expect("valid text"))
            .and_then(|component| component.with_name(name))
            .expect("a component")
    }

    /// Returns a stage with the function `step` in an interface, so that others can be linked to it.
    fn stage() -> Component {
        component(
            "step",
            r#"(component
                (core module $m (func (export "step") (param i32) (result i32) (local.get 0)))
                (core instance $i (instantiate $m))
                (func $step (param "n" u32) (result u32) (canon lift (core func $i "step")))
                (instance $api (export "step" (func $step)))
                (export "demo:step/api" (instance $api)))"#,
        )
    }

    fn linked() -> Component {
        let text = r#"(component
            (import "demo:step/api" (instance (export "step" (func (param "n" u32) (result u32))))))"#;
        component("linked", text)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn runs_continue_after_a_removal_that_failed() {
        let host = Host::builder().pooled_instances_max(4);
        let host = host.build().expect("a host");
        let options = StageOptions::new().function("demo:step/api#step");
        let pipeline = crate::pipeline::ComponentPipeline::builder()
            .name("test")
            .add_component_with("step", stage(), options)
            .build()
            .expect("a pipeline");
        let pipeline = host.pipelines().deploy(pipeline).await.expect("deployed");
        let pipelines = &host.0.pipelines;
        let running = pipelines.find("test").await.expect("deployed");
        let mut run = pipeline.run(stream::repeat(7u32));
        run.next().await.expect("endless").expect("an outcome");
        // It waits for an item inside. Meanwhile, another deployment is linked to the stage.
        let inside = running.in_flight.admit().await.expect("a place");
        let removing = tokio::spawn({
            let pipeline = pipeline.clone();
            async move { pipeline.remove().await }
        });
        while let Some(item) = running.in_flight.admit().await {
            drop(item);
            tokio::task::yield_now().await;
        }
        let grants = Grants::new().allow("call demo:step/api").expect("a rule");
        let linked = host.deploy(linked()).grants(grants).await;
        drop(linked.expect("deployed"));
        drop(inside);
        let error = removing.await.expect("a task").expect_err("it is used");
        assert_eq!(error.kind(), ErrorKind::InUse, "{error}");
        for _ in 0..100 {
            let outcome = run.next().await.expect("the run has not ended");
            outcome.expect("an outcome");
        }
        pipeline.call(7u32).await.expect("it accepts items again");
        host.remove("linked").await.expect("removed");
        pipeline.clone().remove().await.expect("removed");
        while let Some(outcome) = run.next().await {
            outcome.expect("no item fails");
        }
        let error = pipeline.remove().now_or_never();
        let error = error.expect("at once").expect_err("it was removed");
        assert_eq!(error.kind(), ErrorKind::NotDeployed, "{error}");
        assert!(running.in_flight.admit().await.is_none(), "it stays closed");
    }
}
