//! Removal of deployments and pipelines.
//!
//! Tests: `tests/suite/links`, `tests/suite/state`, `tests/suite/pipelines`.

use super::Host;
use crate::Result;
use crate::context::HostContext;

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
        let remove = move |context: &HostContext| context.deployments.remove(&names, None);
        self.0.context.remove_and_drain(remove).await
    }

    /// Checks that deployments could be removed together.
    ///
    /// # Errors
    ///
    /// Those of [`remove`](Self::remove).
    pub fn check_removal(&self, names: &[&str]) -> Result<()> {
        self.0.context.deployments.check_removal(names, None)
    }

    /// Checks that a pipeline could be removed with its stages, even one that cannot run.
    ///
    /// # Errors
    ///
    /// Those of [`remove_pipeline`](Self::remove_pipeline).
    pub async fn check_pipeline_removal(&self, name: &str) -> Result<()> {
        self.0.pipelines.check_removal(name).await
    }

    /// Removes a pipeline, like
    /// [`PipelineDeployment::remove`](crate::pipeline::PipelineDeployment::remove). Also removes a
    /// pipeline of the state directory that cannot be restored.
    ///
    /// # Errors
    ///
    /// Those of [`PipelineDeployment::remove`](crate::pipeline::PipelineDeployment::remove).
    pub async fn remove_pipeline(&self, name: &str) -> Result<()> {
        self.0.pipelines.remove_by_name(name).await
    }
}
