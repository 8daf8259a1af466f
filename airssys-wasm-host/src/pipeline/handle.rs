//! The embedder's handle to a pipeline.
//!
//! Tests: `tests/suite/pipelines`.

use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::pipeline::ComponentPipeline;
use futures_util::{Stream, StreamExt as _};

use super::call;
use super::item::Inputs;
use super::names::Pipelines;
use super::outcome::Outcome;
use super::run::{self, Outcomes};
use super::running::RunningPipeline;
use super::status::PipelineStatus;
use super::update::UpdateStage;
use crate::{Component, Result};

/// A deployed pipeline. Survives updates of its stages; cloning is cheap.
#[derive(Clone)]
pub struct PipelineDeployment {
    pipelines: Arc<Pipelines>,
    running: Arc<RunningPipeline>,
}

impl PipelineDeployment {
    pub(crate) fn new(pipelines: &Arc<Pipelines>, running: Arc<RunningPipeline>) -> Self {
        Self {
            pipelines: Arc::clone(pipelines),
            running,
        }
    }

    /// Returns the name of the pipeline.
    #[must_use]
    pub fn name(&self) -> ComponentName {
        self.running.pipeline.name().clone()
    }

    /// Returns the pipeline with the current components of its stages.
    #[must_use]
    pub fn pipeline(&self) -> ComponentPipeline {
        self.running.with_active_components()
    }

    /// Sends one item through the pipeline, within the deadline of the pipeline, if it has one. If
    /// as many items are inside as [`in_flight_max`](crate::pipeline::PipelineBuilder::in_flight_max) allows,
    /// waits for a place first, in turn with other calls and runs.
    ///
    /// Cancel safe: dropping the future cancels the stages that work on the item.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`](crate::ErrorKind::TypeMismatch) before anything runs;
    /// [`StageError`](crate::ErrorKind::StageError) if a function returned an error that no edge
    /// takes; [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) if the item took longer than
    /// the deadline of the pipeline; [`NotDeployed`](crate::ErrorKind::NotDeployed) if the pipeline
    /// was removed or is being removed; and the errors of [`Function::call`](crate::Function::call),
    /// unless the options of the stage specify otherwise.
    ///
    /// # Panics
    ///
    /// If called outside a tokio runtime and the call has to wait.
    pub async fn call(&self, inputs: impl Into<Inputs>) -> Result<Outcome> {
        call::call(&self.running, inputs.into()).await
    }

    /// Sends the items of a stream through the pipeline.
    ///
    /// Takes from `input` only what there is room for, so that a slow reader of the outcomes slows
    /// the stream: at most [`in_flight_max`](crate::pipeline::PipelineBuilder::in_flight_max) items, of which
    /// one may wait while items of other runs and calls are inside. Each item runs in a task of its own. If outcomes are streams, read each of them
    /// before those behind it: until then, it holds its places at the stages.
    ///
    /// # Panics
    ///
    /// If the outcomes are read outside a tokio runtime.
    pub fn run<S>(&self, input: S) -> Outcomes
    where
        S: Stream + Send + 'static,
        S::Item: Into<Inputs>,
    {
        run::run(Arc::clone(&self.running), input.map(Into::into).boxed())
    }

    /// Runs the items of the pipeline's own sources, to their end.
    pub fn run_sources(&self) -> Outcomes {
        run::run(
            Arc::clone(&self.running),
            futures_util::stream::repeat_with(Inputs::default).boxed(),
        )
    }

    /// Replaces the component of a stage, unless the version is older; await the result to begin.
    /// Checks every edge of the stage again first, and then runs an update like any other. Items
    /// inside continue; a stage that was fused with others is fused again.
    ///
    /// # Errors
    ///
    /// [`InvalidPipeline`](crate::ErrorKind::InvalidPipeline) with every edge that would no longer
    /// fit, or if an option was set that a fused stage cannot have, or if the component could not
    /// be fused; [`VersionNotNewer`](crate::ErrorKind::VersionNotNewer); and the errors of
    /// [`Host::update`](crate::Host::update), such as [`Incompatible`](crate::ErrorKind::Incompatible) if the types of
    /// an input or output would change. After an error, the previous revision keeps serving.
    ///
    /// Cancel safe, as [`Host::update`](crate::Host::update) is.
    pub fn update(&self, stage: &str, component: Component) -> UpdateStage<'_> {
        UpdateStage::new(&self.pipelines.context, &self.running, stage, component)
    }

    /// Removes the pipeline: accepts no more items, waits until those inside have come to their
    /// end, and removes the deployments of its stages. Then runs end, as if their input had ended.
    /// Streams that have left the
    /// pipeline are written to their end by the calls that have begun; where a function has still
    /// to be called for a chunk, they end with [`NotDeployed`](crate::ErrorKind::NotDeployed).
    ///
    /// If the future is dropped early, the pipeline still accepts no more items, and runs end; remove
    /// it again
    /// through [`PipelineDeployments::get`](crate::PipelineDeployments::get).
    ///
    /// # Errors
    ///
    /// [`InUse`](crate::ErrorKind::InUse) if another deployment is linked to one of its stages;
    /// then all stages stay, the pipeline accepts items again, and runs continue.
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed) if it was already removed.
    pub async fn remove(self) -> Result<()> {
        self.pipelines.remove_running(&self.running).await
    }

    /// Returns a snapshot of the pipeline.
    #[must_use]
    pub fn status(&self) -> PipelineStatus {
        PipelineStatus::from_pipeline(&self.running)
    }
}

impl fmt::Debug for PipelineDeployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PipelineDeployment")
            .field(&self.name())
            .finish()
    }
}
