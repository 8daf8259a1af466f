//! State shared by the rollouts, pipelines and HTTP services of a host: its runtime, its
//! deployments, and its default limits. The host ends when its context is dropped.
//!
//! Tests: `tests/suite/embedding`, `tests/suite/state`.

use std::sync::Arc;

use airssys_wasm_core::Limits;
use airssys_wasm_core::terms::Terms;

use crate::deployment::{DeploymentEnd, DeploymentEntry};
use crate::registry::DeploymentTable;
use crate::runtime::Runtime;
use crate::{Component, Result};

pub(crate) struct HostContext {
    pub(crate) runtime: Arc<Runtime>,
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
    /// calls have ended.
    pub(crate) async fn remove_and_drain(
        self: &Arc<Self>,
        remove: impl FnOnce(&Self) -> Result<Vec<Arc<DeploymentEntry>>> + Send + 'static,
    ) -> Result<()> {
        let context = Arc::clone(self);
        let removed = self.runtime.run_state_write(move || remove(&context));
        for named in removed.await? {
            named.drained().await;
            named.release_links();
        }
        Ok(())
    }
}

impl Drop for HostContext {
    fn drop(&mut self) {
        self.deployments.close();
        let all = self.deployments.awake();
        for named in &all {
            named.end(DeploymentEnd::HostDropped);
        }
        // Frees the directory even while handles to deployments still exist.
        self.runtime.state.store(None);
        cut_links_when_drained(all);
    }
}

/// Cuts the links of all deployments once their calls have ended: deployments that import each
/// other would otherwise keep each other alive.
fn cut_links_when_drained(all: Vec<Arc<DeploymentEntry>>) {
    if all
        .iter()
        .all(|named| named.handles.calling_names().is_empty())
    {
        return;
    }
    let cut = |all: &[Arc<DeploymentEntry>]| all.iter().for_each(|named| named.release_links());
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(async move {
            for named in &all {
                named.drained().await;
            }
            cut(&all);
        })),
        // Without a runtime no call can be in progress.
        Err(_) => cut(&all),
    }
}
