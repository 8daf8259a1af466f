//! A pipeline of which some stages are deployed.
//!
//! Tests: `tests/suite/pipelines/refused.rs`, `tests/suite/state/pipelines.rs`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use airssys_wasm_core::ComponentName;

use super::names::Pipelines;
use super::unit::Unit;
use crate::rollout::ParentPipeline;

/// The stages deployed so far. Dropped before it is finished, it removes them again; with a state
/// directory, that blocks.
pub(super) struct PartialDeployment {
    pipelines: Arc<Pipelines>,
    pub(super) pipeline: ParentPipeline,
    names: Vec<ComponentName>,
    units: Vec<Unit>,
}

impl PartialDeployment {
    pub(super) fn new(pipelines: &Arc<Pipelines>, pipeline: ParentPipeline) -> Self {
        Self {
            pipelines: Arc::clone(pipelines),
            pipeline,
            names: Vec::new(),
            units: Vec::new(),
        }
    }

    /// Adds the name of a unit that is about to be deployed.
    pub(super) fn add_name(&mut self, name: ComponentName) {
        self.names.push(name);
    }

    pub(super) fn add_unit(&mut self, unit: Unit) {
        self.units.push(unit);
    }

    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Finishes the deployment.
    pub(super) fn into_units(mut self) -> Vec<Unit> {
        self.names.clear();
        std::mem::take(&mut self.units)
    }
}

impl Drop for PartialDeployment {
    fn drop(&mut self) {
        self.units.clear();
        // A stage that is still being stored removes itself.
        self.pipeline.is_abandoned.store(true, Ordering::SeqCst);
        let deployments = &self.pipelines.context.deployments;
        deployments.discard_stages(&self.names, &self.pipeline.pipeline);
    }
}
