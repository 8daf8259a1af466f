//! State shared by the rollouts, pipelines and HTTP services of a host: its runtime, its
//! deployments, and its default limits. The host ends when its context is dropped.
//!
//! Tests: `tests/suite/embedding`, `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::Limits;
use airssys_wasm_core::terms::Terms;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::deployment::{DeploymentEnd, DeploymentEntry};
use crate::registry::DeploymentTable;
use crate::services::HostServices;
use crate::{Component, Result};

pub(crate) struct HostContext {
    pub(crate) services: Arc<HostServices>,
    pub(crate) deployments: Arc<DeploymentTable>,
    /// The limits of deployments that set none.
    pub(crate) limits: Limits,
}

impl HostContext {
    /// Returns the terms of a new deployment that sets none.
    pub(crate) fn default_terms(&self, component: &Component) -> Terms {
        let instancing = component.instancing().unwrap_or_default();
        Terms::new(self.limits.clone(), instancing)
    }

    /// Removes deployments, on a blocking thread if that is persisted, and waits until their last
    /// calls have ended. If dropped while it waits, their links are released nevertheless.
    pub(crate) async fn remove_and_drain(
        self: &Arc<Self>,
        remove: impl FnOnce(&Self) -> Result<Vec<Arc<DeploymentEntry>>> + Send + 'static,
    ) -> Result<()> {
        let (context, tasks) = (Arc::clone(self), Handle::try_current().ok());
        let remove = move || Ok(release_when_drained(remove(&context)?, tasks.as_ref()));
        let release = self.services.run_state_write(remove).await?;
        if let Some(release) = release {
            // Fails only if the embedder's runtime ends.
            let _ = release.await;
        }
        Ok(())
    }
}

impl Drop for HostContext {
    fn drop(&mut self) {
        self.deployments.close();
        let all = self.deployments.awake();
        for deployment in &all {
            deployment.end(DeploymentEnd::HostDropped);
        }
        // Frees the directory even while handles to deployments still exist.
        self.services.state.store(None);
        if all
            .iter()
            .any(|deployment| !deployment.handles.calling_names().is_empty())
        {
            release_when_drained(all, Handle::try_current().ok().as_ref());
        }
    }
}

/// Releases the links of deployments that have ended once their calls have ended: those that import
/// each other would otherwise keep each other alive. Returns the task that does so.
fn release_when_drained(
    ended: Vec<Arc<DeploymentEntry>>,
    runtime: Option<&Handle>,
) -> Option<JoinHandle<()>> {
    let Some(runtime) = runtime else {
        // Without a runtime no call can be in progress.
        ended
            .iter()
            .for_each(|deployment| deployment.release_links());
        return None;
    };
    Some(runtime.spawn(async move {
        for deployment in ended {
            deployment.drained().await;
            deployment.release_links();
        }
    }))
}
