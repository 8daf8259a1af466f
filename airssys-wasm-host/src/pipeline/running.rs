//! A deployed pipeline.
//!
//! Tests: `tests/suite/pipelines`.

use std::sync::Arc;

use airssys_wasm_core::pipeline::ComponentPipeline;

use super::dead_letter::DeadLetterReceiver;
use super::graph::UnitGraph;
use super::in_flight::InFlightItems;
use super::unit::Unit;

/// A deployed pipeline.
pub(crate) struct RunningPipeline {
    /// The pipeline as it was deployed.
    pub(super) pipeline: ComponentPipeline,
    pub(super) graph: UnitGraph,
    pub(super) in_flight: Arc<InFlightItems>,
    /// The most items inside at once, of all calls and runs together.
    pub(super) in_flight_max: usize,
    pub(super) dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
    /// Held during the update of a stage, so that one runs at a time.
    pub(super) update_lock: tokio::sync::Mutex<()>,
}

impl RunningPipeline {
    pub(super) fn new(
        pipeline: ComponentPipeline,
        units: Vec<Unit>,
        dead_letters: Option<Arc<dyn DeadLetterReceiver>>,
    ) -> Self {
        let capacity =
            |unit: &Unit| (unit.options.concurrency_max() + unit.options.queue_capacity()) as usize;
        let in_flight_max = match pipeline.in_flight_max() {
            Some(most) => most as usize,
            None => units.iter().map(capacity).sum(),
        };
        let in_flight_max = in_flight_max.max(1);
        Self {
            graph: UnitGraph::new(&pipeline, units),
            pipeline,
            in_flight: InFlightItems::new(in_flight_max),
            in_flight_max,
            dead_letters,
            update_lock: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the unit of a stage, if the stage exists.
    pub(super) fn unit_of(&self, stage: &str) -> Option<&Unit> {
        let mut stages = self.pipeline.stages().iter();
        let place = stages.position(|known| known.name() == stage)?;
        let mut units = self.graph.units.iter();
        units.find(|unit| unit.stages.contains(&place))
    }

    /// Returns the pipeline with the components of its active revisions, which may have been
    /// updated or rolled back since. The types of its inputs and outputs stay the same.
    pub(super) fn with_active_components(&self) -> ComponentPipeline {
        let mut now = self.pipeline.clone();
        for unit in &self.graph.units {
            let active = unit.deployment.revision();
            for (place, part) in unit.stages.iter().zip(active.component.stages()) {
                let stage = &now.stages()[*place];
                let (was, is) = (stage.component(), &**part);
                if (was.digest(), was.version()) != (is.digest(), is.version()) {
                    let name = stage.name().to_owned();
                    // It served in this stage, so it fits.
                    now = now
                        .with_replacement(&name, part.clone().into())
                        .unwrap_or(now);
                }
            }
        }
        now
    }
}
