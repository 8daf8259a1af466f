//! Runs: streams of items in, streams of outcomes out.
//!
//! Takes an item from the input only when the item before has a place in the pipeline, and the run
//! has room for its outcome. A slow reader of the outcomes therefore slows the source of the items,
//! and memory stays flat.
//! Tests: `tests/suite/pipelines/runs.rs`.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use airssys_wasm_core::pipeline::OutputOrder;
use futures_channel::oneshot::{self, Receiver};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::check::{check_inputs, describe_item};
use super::executor::{AdmittedItem, ItemExecutor, RunOrder, RunPosition};
use super::in_flight::ItemGuard;
use super::item::Inputs;
use super::outcome::Outcome;
use super::running::RunningPipeline;
use super::sources::{SourceItems, count_unmatched, take_items_in_task};
use super::task::{Task, TaskFailure};
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

/// The task of an item of a run.
struct ItemTask {
    number: u64,
    /// Resolves to `None` if the run ended before the item was admitted.
    task: Task<Result<Option<Outcome>>>,
}

/// Sends the items of `input` through a pipeline.
pub(super) fn run(running: Arc<RunningPipeline>, input: BoxStream<'static, Inputs>) -> Outcomes {
    let mut units = running.graph.units.iter();
    let in_order = units.all(|unit| unit.options.ordering() == OutputOrder::Kept);
    let in_flight_max = running.in_flight_max;
    let started = start_items(Arc::clone(&running), input);
    let started = started.map(move |item| join(Arc::clone(&running), item));
    let outcomes = if in_order {
        started.buffered(in_flight_max).boxed()
    } else {
        started.buffer_unordered(in_flight_max).boxed()
    };
    let outcomes = outcomes.try_filter_map(async |outcome| Ok(outcome)).boxed();
    Outcomes(until_error(outcomes).boxed())
}

/// Waits for the outcome of an item.
async fn join(running: Arc<RunningPipeline>, item: Result<ItemTask>) -> Result<Option<Outcome>> {
    let ItemTask { number, task } = item?;
    let lost = |lost: TaskFailure| lost.into_error(&describe_item(&running.pipeline, Some(number)));
    task.await.map_err(lost)?
}

/// Starts the items of a run, one after another. Ends when a source does, when the pipeline is
/// removed, and after an error.
fn start_items(
    running: Arc<RunningPipeline>,
    input: BoxStream<'static, Inputs>,
) -> impl Stream<Item = Result<ItemTask>> + Send {
    let input = input.take_until({
        let in_flight = Arc::clone(&running.in_flight);
        async move { in_flight.wait_until_ended().await }
    });
    let run = RunInput {
        input: input.enumerate().boxed(),
        order: RunOrder::new(&running.graph),
        waiting: None,
        running,
    };
    stream::try_unfold(run, async |mut run| {
        let task = run.start_next().await?;
        Ok(task.map(|task| (task, run)))
    })
}

/// The input of a run.
struct RunInput {
    running: Arc<RunningPipeline>,
    /// The items, with their numbers.
    input: BoxStream<'static, (usize, Inputs)>,
    order: Option<Arc<RunOrder>>,
    /// Ends when the item before has a place, if it had to wait for one.
    waiting: Option<Receiver<Infallible>>,
}

/// An item that was checked, with what sources returned for it.
struct CheckedItem {
    position: RunPosition,
    inputs: Inputs,
    source_items: SourceItems,
}

impl RunInput {
    /// Takes an item from the input, checks it, adds what sources return for it, and starts it.
    /// Returns `None` if the run ends.
    async fn start_next(&mut self) -> Result<Option<ItemTask>> {
        if let Some(waiting) = self.waiting.take() {
            // The sender never sends anything.
            let _ = waiting.await;
        }
        let Some((number, mut inputs)) = self.input.next().await else {
            return Ok(None);
        };
        let position = RunPosition::new(number as u64, self.order.as_ref());
        check_inputs(&self.running.pipeline, &mut inputs, Some(position.number))?;
        let taken = take_items_in_task(&self.running, position.number).await?;
        let Some(source_items) = taken else {
            return Ok(None);
        };
        self.start(CheckedItem {
            position,
            inputs,
            source_items,
        })
        .map(Some)
    }

    /// Starts an item in a task of its own. If there is no place for it, the task waits for one, so
    /// that a run that is not polled holds no place.
    fn start(&mut self, item: CheckedItem) -> Result<ItemTask> {
        let number = item.position.number;
        if let Some(guard) = self.running.in_flight.try_admit() {
            let mut executor = ItemExecutor::start(&self.running, item.admitted(guard))?;
            let task = Task::spawn(async move { executor.run().await.map(Some) });
            return Ok(ItemTask { number, task });
        }
        let (has_place, waiting) = oneshot::channel();
        self.waiting = Some(waiting);
        let running = Arc::clone(&self.running);
        let task = Task::spawn(async move {
            let Some(guard) = running.in_flight.admit_to_run().await else {
                count_unmatched(&running.graph, &item.source_items);
                return Ok(None);
            };
            let mut executor = ItemExecutor::start(&running, item.admitted(guard))?;
            drop(has_place);
            executor.run().await.map(Some)
        });
        Ok(ItemTask { number, task })
    }
}

impl CheckedItem {
    fn admitted(self, guard: ItemGuard) -> AdmittedItem {
        AdmittedItem {
            position: Some(self.position),
            inputs: self.inputs,
            source_items: self.source_items,
            guard,
        }
    }
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
