//! The items that the sources of a pipeline produce: one of each source for each item of a run.
//!
//! Tests: `tests/suite/pipelines/runs.rs`, `tests/suite/pipelines/losses.rs`.

use std::sync::Arc;
use std::time::Instant;

use airssys_wasm_core::pipeline::{OutputPort, SourceMode};

use super::check::describe_item;
use super::graph::UnitGraph;
use super::item::Items;
use super::running::RunningPipeline;
use super::task::Task;
use super::unit::UnitOutput;
use crate::Result;

/// The outputs of sources for one item of a run, with the index of each source.
pub(super) type SourceItems = Vec<(usize, UnitOutput)>;

/// Takes an item from each source. Returns `None` if one of them is at its end. `number` is the
/// number of the item in its run, if it belongs to one.
pub(super) async fn take_items(
    running: &RunningPipeline,
    number: Option<u64>,
) -> Result<Option<SourceItems>> {
    let graph = &running.graph;
    let is_later = number.is_some_and(|number| number > 0);
    let mut taken = SourceItems::new();
    for &source in &graph.sources {
        let unit = &graph.units[source];
        if is_later && unit.source == Some(SourceMode::Once) {
            count_unmatched(graph, &taken);
            return Ok(None);
        }
        match unit.process(Items::new(), Instant::now()).await.0 {
            Ok(output) if is_end(unit.source, &output) => {
                count_unmatched(graph, &taken);
                return Ok(None);
            }
            Ok(output) => taken.push((source, output)),
            Err(failed) => running.settle_failure(unit, number, *failed)?,
        }
    }
    Ok(Some(taken))
}

/// Takes an item from each source in a task, which has a place in the pipeline meanwhile: a run that
/// is not polled holds no place, and does not delay a removal. Returns `None` if a source is at its
/// end, or the pipeline was removed.
pub(super) async fn take_items_in_task(
    running: &Arc<RunningPipeline>,
    number: u64,
) -> Result<Option<SourceItems>> {
    if running.graph.sources.is_empty() {
        return Ok(Some(SourceItems::new()));
    }
    let pipeline = &running.pipeline;
    let running = Arc::clone(running);
    let task = Task::spawn(async move {
        match running.in_flight.admit_to_run().await {
            Some(_guard) => take_items(&running, Some(number)).await,
            None => Ok(None),
        }
    });
    task.await
        .map_err(|lost| lost.into_error(&describe_item(pipeline, Some(number))))?
}

/// Returns `true` if a source has no more items.
fn is_end(source: Option<SourceMode>, output: &UnitOutput) -> bool {
    source == Some(SourceMode::UntilNone)
        && output.port == OutputPort::Output
        && output.item.is_none()
}

/// Counts the inputs, and the items of other sources, that are lost when a source is at its end.
pub(super) fn count_unmatched(graph: &UnitGraph, taken: &SourceItems) {
    let of_sources = taken
        .iter()
        .filter(|(_, output)| output.item.is_some())
        .map(|(source, _)| *source);
    let of_inputs = graph.inputs.iter().map(|input| input.unit);
    for unit in of_sources.chain(of_inputs) {
        graph.units[unit].counters.unmatched.increment();
    }
}
