//! Runs: streams of items in, streams of outcomes out.
//!
//! Takes an item from the input only when there is room for it, so that a slow reader of the
//! outcomes slows the source of the items, and memory stays flat.
//! Tests: `tests/suite/pipelines/runs.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use airssys_wasm_core::pipeline::OutputOrder;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::check::check_inputs;
use super::executor::{AdmittedItem, ItemExecutor, RunOrder, RunPosition};
use super::item::Inputs;
use super::outcome::Outcome;
use super::running::RunningPipeline;
use super::sources::take_items_in_task;
use super::task::Task;
use crate::Result;

/// The outcomes of a run, one for each item, in the order of the items unless a stage specifies
/// otherwise. Ends with the input, after the first error, and when the pipeline is removed.
///
/// Dropping it cancels the items inside.
#[must_use = "a run makes progress only while its outcomes are read"]
pub struct Outcomes(BoxStream<'static, Result<Outcome>>);

impl Stream for Outcomes {
    type Item = Result<Outcome>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

/// Sends the items of `input` through a pipeline.
pub(super) fn run(running: Arc<RunningPipeline>, input: BoxStream<'static, Inputs>) -> Outcomes {
    let mut units = running.graph.units.iter();
    let in_order = units.all(|unit| unit.options.ordering() == OutputOrder::Kept);
    let in_flight_max = running.in_flight_max;
    let admitted = admit_items(Arc::clone(&running), input);
    let started = admitted.map(move |item| start(&running, item));
    let outcomes = if in_order {
        started.buffered(in_flight_max).boxed()
    } else {
        started.buffer_unordered(in_flight_max).boxed()
    };
    Outcomes(until_error(outcomes).boxed())
}

/// Admits the items of a run: numbers and checks them, and adds what sources return for them. Ends
/// when a source does.
fn admit_items(
    running: Arc<RunningPipeline>,
    input: BoxStream<'static, Inputs>,
) -> impl Stream<Item = Result<AdmittedItem>> + Send {
    let open = input.take_until({
        let in_flight = Arc::clone(&running.in_flight);
        async move { in_flight.wait_until_closed().await }
    });
    let order = RunOrder::new(&running.graph);
    stream::try_unfold(
        (Box::pin(open.enumerate()), running, order),
        async |(mut input, running, order)| {
            let Some((number, inputs)) = input.next().await else {
                return Ok(None);
            };
            let position = RunPosition::new(number as u64, order.as_ref());
            let admitted = admit(&running, position, inputs).await?;
            Ok(admitted.map(|item| (item, (input, running, order))))
        },
    )
}

/// Admits an item. Returns `None` if the run ends: a source is at its end, or the pipeline was
/// removed, as if the input had ended.
async fn admit(
    running: &Arc<RunningPipeline>,
    position: RunPosition,
    mut inputs: Inputs,
) -> Result<Option<AdmittedItem>> {
    let Some(guard) = running.in_flight.admit() else {
        return Ok(None);
    };
    check_inputs(&running.pipeline, &mut inputs, Some(position.number))?;
    let taken = take_items_in_task(running, position.number, guard).await?;
    Ok(taken.map(|(source_items, guard)| AdmittedItem {
        position: Some(position),
        inputs,
        source_items,
        guard,
    }))
}

/// Starts an item, which is queued from here on. The rest runs in its own task.
fn start(
    running: &Arc<RunningPipeline>,
    item: Result<AdmittedItem>,
) -> impl Future<Output = Result<Outcome>> + Send + use<> {
    let executor = item.and_then(|item| ItemExecutor::start(running, item));
    let task = executor.map(|mut executor| Task::spawn(async move { executor.run().await }));
    async move { task?.await? }
}

/// Ends the outcomes after the first error.
fn until_error(
    outcomes: BoxStream<'static, Result<Outcome>>,
) -> impl Stream<Item = Result<Outcome>> + Send {
    stream::unfold(Some(outcomes), async |outcomes| {
        let mut outcomes = outcomes?;
        match outcomes.try_next().await {
            Ok(Some(outcome)) => Some((Ok(outcome), Some(outcomes))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}
