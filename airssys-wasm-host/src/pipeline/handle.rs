//! A pipeline in the hands of an embedder.
//!
//! Tests: the workspace's `tests/suite/pipelines`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::pipeline::ComponentPipeline;
use futures_util::{Stream, StreamExt as _};

use super::evaluate::Outcome;
use super::item::{Inputs, ItemType};
use super::run::{self, Outcomes};
use super::runner::Runner;
use super::status::{PipelineStatus, StageStatus};
use super::typed::TypedPipeline;
use super::update::UpdateStage;
use crate::{Component, Error, ErrorKind, Host, Result};

/// A pipeline that is deployed. Survives updates of its stages; cloning is cheap.
#[derive(Clone)]
pub struct PipelineDeployment {
    host: Host,
    runner: Arc<Runner>,
}

impl PipelineDeployment {
    pub(crate) fn new(host: Host, runner: Arc<Runner>) -> Self {
        Self { host, runner }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> ComponentName {
        self.runner.pipeline.name().clone()
    }

    /// The pipeline, with the components that its stages have now.
    #[must_use]
    pub fn pipeline(&self) -> ComponentPipeline {
        self.runner.with_serving()
    }

    /// Sends one item through.
    ///
    /// Cancel safe: dropping the future cancels the stages that work on the item.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) before anything runs;
    /// [`StageError`](crate::ErrorKind::StageError) if a function returned an error that
    /// nothing takes, and what calls give, unless the stage's options say otherwise.
    pub async fn call(&self, inputs: impl Into<Inputs>) -> Result<Outcome> {
        run::one(&self.runner, inputs.into()).await
    }

    /// The same pipeline with Rust types at its ends, checked here once: it has one input, of
    /// the type that `In` is, and one output, of the type that `Out` is. Updates of stages
    /// never change them.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) with the ends that there are and both
    /// types of each.
    pub fn typed<In: ItemType, Out: ItemType>(&self) -> Result<TypedPipeline<In, Out>> {
        TypedPipeline::new(self.clone())
    }

    /// Sends the items of a stream through.
    ///
    /// Takes from `input` only what has room inside; a reader of the outcomes that is slow
    /// slows the stream. Each item runs as a task of its own. Where outcomes are streams, read
    /// each before those behind it: it keeps its places at the stages until then.
    ///
    /// # Panics
    ///
    /// If it is read outside a tokio runtime.
    pub fn run<S>(&self, input: S) -> Outcomes
    where
        S: Stream + Send + 'static,
        S::Item: Into<Inputs>,
    {
        run::run(Arc::clone(&self.runner), input.map(Into::into).boxed())
    }

    /// Runs what the pipeline's own sources give, to their end.
    pub fn run_sources(&self) -> Outcomes {
        run::run(
            Arc::clone(&self.runner),
            futures_util::stream::repeat_with(Inputs::default).boxed(),
        )
    }

    /// Replaces the component of a stage, if it is not older by its version: await what this
    /// returns. Every edge of the stage is checked again first, and then it is an update like
    /// any other. Items that are inside go on; a stage that was fused with others is fused
    /// again.
    ///
    /// # Errors
    ///
    /// [`InvalidPipeline`](crate::ErrorKind::InvalidPipeline) with every edge that would no
    /// longer fit, or if something was said that a fused stage has no place for, or if it could
    /// not be fused with that component;
    /// [`VersionNotNewer`](crate::ErrorKind::VersionNotNewer), and the errors of
    /// [`Host::update`]: so [`WorldChanged`](crate::ErrorKind::WorldChanged) if the types of
    /// what goes in or comes out would change. What served serves on.
    ///
    /// Cancel safe, as [`Host::update`] is.
    pub fn update(&self, stage: &str, component: Component) -> UpdateStage<'_> {
        UpdateStage::new(&self.host, &self.runner, stage, component)
    }

    /// Takes no more items, waits until those inside have come to their end, and removes the
    /// deployments of its stages. Runs end. Streams that have left it are written to their end
    /// by the calls that have begun; where a function has still to be called for a chunk, they
    /// end with [`NotDeployed`](crate::ErrorKind::NotDeployed).
    ///
    /// Dropped before it is ready, it takes no items all the same; remove it again, through
    /// [`Host::pipeline`].
    ///
    /// # Errors
    ///
    /// [`InUse`](crate::ErrorKind::InUse) if another deployment is linked to one of its
    /// stages; then all stay, and it goes on. [`NotDeployed`](crate::ErrorKind::NotDeployed) if
    /// it was removed already.
    pub async fn remove(self) -> Result<()> {
        self.host
            .check_pipeline_removal(self.name().as_str())
            .await?;
        self.runner.close();
        self.runner.empty().await;
        if !self.host.0.pipelines.is_still(&self.name(), &self.runner) {
            let message = format!("the pipeline `{}` was removed already", self.name());
            return Err(Error::new(ErrorKind::NotDeployed, message));
        }
        let removed = self.host.remove_stages(&self.name()).await;
        if removed.is_err() {
            self.runner.reopen();
        }
        removed
    }

    /// What it looks like at this moment.
    #[must_use]
    pub fn status(&self) -> PipelineStatus {
        let pipeline = &self.runner.pipeline;
        let name_of = |stage: &usize| pipeline.stages()[*stage].name().to_owned();
        let stages = self.runner.units.iter().map(|unit| StageStatus {
            stages: unit.stages.iter().map(name_of).collect(),
            component: unit.named.name.clone(),
            revision: unit.revision(),
            running: unit.running(),
            waiting: unit.counters.waiting.load(Ordering::Relaxed),
            attempts: unit.counters.attempts_so_far(),
            retried: unit.counters.retried_so_far(),
            skipped: unit.counters.skipped.load(Ordering::Relaxed),
            dead_letters: unit.counters.dead_letters.load(Ordering::Relaxed),
            unrouted: unit.counters.unrouted.load(Ordering::Relaxed),
            unmatched: unit.counters.unmatched.load(Ordering::Relaxed),
            p99: unit.counters.p99(),
        });
        PipelineStatus {
            pipeline: pipeline.name().clone(),
            in_flight: self.runner.in_flight(),
            stages: stages.collect(),
        }
    }
}

impl fmt::Debug for PipelineDeployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PipelineDeployment")
            .field(&self.name())
            .finish()
    }
}
