//! A deployment of a pipeline: one stage, or several that are fused.
//!
//! | file | contents |
//! |---|---|
//! | `component` | the name, component and function of the deployment |
//! | `work` | the attempts that a unit makes for one item, and their result |
//! | `output` | the value that a function returned, as an item at a port |
//! | `slots` | the number of items that a unit works on at once, and the queue for them |
//! | `counters` | counts of items and attempts |
//!
//! Tests: `tests/suite/pipelines`.

mod component;
mod counters;
mod output;
mod slots;
mod work;

use std::sync::Arc;

use airssys_wasm_core::pipeline::{
    ComponentPipeline, OutputOrder, OutputPort, SourceMode, StageOptions,
};
use airssys_wasm_core::world::Function;

use super::stage::{AttemptLimit, StageFunction, connect};
use crate::deployment::DeploymentEntry;
use crate::{Deployment, Result};
pub(super) use component::{unit_component, unit_function, unit_name};
use counters::Counters;
pub(super) use output::UnitOutput;
use slots::UnitSlots;
pub(super) use slots::{SlotRequest, UnitSlot};
pub(super) use work::{FailedItem, UnitResult};

pub(super) struct Unit {
    /// Its stages, by their places in the pipeline.
    pub(super) stages: Vec<usize>,
    /// The name of the first stage.
    pub(super) name: String,
    pub(super) deployment: Arc<DeploymentEntry>,
    function: Arc<dyn StageFunction>,
    limit: AttemptLimit,
    /// The number of inputs.
    pub(super) inputs: usize,
    pub(super) options: StageOptions,
    pub(super) source: Option<SourceMode>,
    is_fallible: bool,
    error_port: ErrorPort,
    pub(super) slots: UnitSlots,
    pub(super) counters: Counters,
}

/// The port of a unit for the errors that its function returns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ErrorPort {
    /// An edge takes the errors.
    Connected,
    /// An error is a failure of its item.
    Unconnected,
}

impl Unit {
    /// Creates the unit of some stages, given by their places in the pipeline, which a function of
    /// a deployment runs.
    pub(super) fn connect(
        pipeline: &ComponentPipeline,
        stages: &[usize],
        deployment: &Deployment,
        function: &Function,
    ) -> Result<Self> {
        let last_place = stages[stages.len() - 1];
        let all = pipeline.stages();
        let (first, last) = (&all[stages[0]], &all[last_place]);
        let deployment = &deployment.0;
        let options = first.options().clone();
        Ok(Self {
            stages: stages.to_vec(),
            name: first.name().to_owned(),
            deployment: Arc::clone(deployment),
            function: connect(deployment, function, first, pipeline.name())?,
            limit: AttemptLimit::for_stage(first, deployment),
            inputs: first.inputs().len(),
            source: first.source(),
            is_fallible: last.is_fallible(),
            error_port: ErrorPort::for_stage(pipeline, last_place),
            slots: UnitSlots::new(options.concurrency_max()),
            counters: Counters::default(),
            options,
        })
    }

    /// Returns `true` if results leave in the order of the items although several are processed at
    /// once.
    pub(super) fn keeps_order(&self) -> bool {
        self.options.ordering() == OutputOrder::Kept && self.options.concurrency_max() > 1
    }

    /// Returns the place of its last stage, whose results are its own.
    pub(super) fn last_stage(&self) -> usize {
        self.stages[self.stages.len() - 1]
    }

    /// Returns the number of the active revision.
    pub(super) fn revision(&self) -> u64 {
        self.deployment.revision().number
    }
}

impl ErrorPort {
    fn for_stage(pipeline: &ComponentPipeline, place: usize) -> Self {
        let mut edges = pipeline.edges().iter();
        if edges.any(|edge| edge.from() == place && edge.output_port() == OutputPort::Error) {
            Self::Connected
        } else {
            Self::Unconnected
        }
    }
}
