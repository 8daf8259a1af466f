//! Snapshots of a pipeline, stage by stage.
//!
//! Tests: `tests/suite/pipelines`.

use std::time::Duration;

use airssys_wasm_core::ComponentName;
use airssys_wasm_core::pipeline::ComponentPipeline;

use super::running::RunningPipeline;
use super::unit::Unit;

/// The state of a pipeline at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PipelineStatus {
    /// The name of the pipeline.
    pub pipeline: ComponentName,
    /// The number of items inside.
    pub in_flight: usize,
    /// The stages; those that are fused count as one.
    pub stages: Vec<StageStatus>,
}

/// The state of a stage at one moment, with counts since it was deployed or restored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageStatus {
    /// The names of the stages: several if they are fused.
    pub stages: Vec<String>,
    /// The name of the deployment that runs them.
    pub deployment: ComponentName,
    /// The number of the active revision.
    pub revision: u64,
    /// The number of items in progress.
    pub running: usize,
    /// The number of items in the queue.
    pub waiting: u64,
    /// The number of attempts so far.
    pub attempts: u64,
    /// The number of retries.
    pub retried: u64,
    /// The number of items that were skipped.
    pub skipped: u64,
    /// The number of items that became dead letters.
    pub dead_letters: u64,
    /// The number of results and errors that took no edge, because no condition held for them.
    pub unrouted: u64,
    /// The number of items, or parts of them, that were not joined with others: at a stage with
    /// several inputs, because nothing arrived at the other inputs; at a source or an input,
    /// because another source was at its end.
    pub unmatched: u64,
    /// The time that 99 of 100 attempts did not exceed, rounded up to the next power of two in
    /// nanoseconds.
    pub p99: Duration,
}

impl PipelineStatus {
    pub(super) fn from_pipeline(running: &RunningPipeline) -> Self {
        let pipeline = &running.pipeline;
        let stages = running.graph.units.iter();
        Self {
            pipeline: pipeline.name().clone(),
            in_flight: running.in_flight.count(),
            stages: stages
                .map(|unit| StageStatus::from_unit(pipeline, unit))
                .collect(),
        }
    }
}

impl StageStatus {
    fn from_unit(pipeline: &ComponentPipeline, unit: &Unit) -> Self {
        let name_of = |stage: &usize| pipeline.stages()[*stage].name().to_owned();
        let counters = &unit.counters;
        Self {
            stages: unit.stages.iter().map(name_of).collect(),
            deployment: unit.deployment.name.clone(),
            revision: unit.revision(),
            running: unit.slots.in_use(),
            waiting: unit.slots.waiting(),
            attempts: counters.attempts(),
            retried: counters.retried.get(),
            skipped: counters.skipped.get(),
            dead_letters: counters.dead_letters.get(),
            unrouted: counters.unrouted.get(),
            unmatched: counters.unmatched.get(),
            p99: counters.p99(),
        }
    }
}
