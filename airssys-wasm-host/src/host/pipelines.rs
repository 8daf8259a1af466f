//! The pipelines of a host.
//!
//! Tests: `tests/suite/pipelines`, `tests/suite/state/pipelines.rs`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;

use super::Host;
use crate::Result;
use crate::pipeline::{ComponentPipeline, DeployPipeline, PipelineDeployment, Pipelines};

/// The pipelines of a host. Returned by [`Host::pipelines`].
#[derive(Clone, Copy, Debug)]
pub struct PipelineDeployments<'a>(&'a Host);

impl<'a> PipelineDeployments<'a> {
    pub(super) fn new(host: &'a Host) -> Self {
        Self(host)
    }

    fn pipelines(self) -> &'a Arc<Pipelines> {
        &self.0.0.pipelines
    }

    /// Deploys a pipeline, each stage as `<pipeline>:<stage>`, when the returned builder is
    /// awaited.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists),
    /// [`InvalidPipeline`](crate::ErrorKind::InvalidPipeline) if the configuration is inconsistent,
    /// and the errors of [`Host::deploy`] for each stage. A failed deploy leaves nothing behind.
    ///
    /// Cancel safe: if dropped before it completes, nothing is deployed. With a state directory,
    /// dropping it blocks while the stages stored so far are removed.
    pub fn deploy(self, pipeline: ComponentPipeline) -> DeployPipeline<'a> {
        DeployPipeline::new(self.pipelines(), pipeline)
    }

    /// Returns the pipeline with this name. Restores it from the state directory, with its stages,
    /// if it has not been used since the start. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed), with the nearest name;
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged) if it is in the state directory but cannot
    /// be restored.
    pub async fn get(self, name: &str) -> Result<PipelineDeployment> {
        let running = self.pipelines().find(name).await?;
        Ok(PipelineDeployment::new(self.pipelines(), running))
    }

    /// Returns the names of all pipelines in order, including those in the state directory that
    /// cannot run. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`Internal`](crate::ErrorKind::Internal) if a thread of the host cannot be started.
    pub async fn names(self) -> Result<Vec<ComponentName>> {
        self.pipelines().all().await
    }

    /// Checks that a pipeline could be removed with its stages, even one that cannot run.
    ///
    /// # Errors
    ///
    /// Those of [`remove`](Self::remove).
    pub async fn check_removal(self, name: &str) -> Result<()> {
        self.pipelines().check_removal(name).await
    }

    /// Removes a pipeline, like [`PipelineDeployment::remove`]. Also removes a pipeline of the state
    /// directory that cannot be restored.
    ///
    /// # Errors
    ///
    /// Those of [`PipelineDeployment::remove`].
    pub async fn remove(self, name: &str) -> Result<()> {
        self.pipelines().remove_by_name(name).await
    }
}
