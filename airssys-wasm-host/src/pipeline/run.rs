//! Runs: streams of items in, streams of outcomes out.
//!
//! Takes an item from the input only when there is room for it, so that a slow reader of the
//! outcomes slows the source of the items, and memory stays flat.
//! Tests: `tests/suite/pipelines/runs.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use airssys_wasm_core::pipeline::{OutputOrder as Ordering, OutputPort, SourceMode};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::call::StageOutput;
use super::chain::ChainRun;
use super::evaluate::{Evaluation, Outcome, RunOrder};
use super::item::{Inputs, Item, Items};
use super::running::{ItemGuard, RunningPipeline};
use super::task::Task;
use super::unit::{StageResult, increment};
use crate::{Error, ErrorKind, Result};

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

/// The items that sources returned for one item of a run, by their units and ports.
type SourceItems = Vec<(usize, OutputPort, Option<Item>)>;

/// An item that was taken in, with what sources returned for it.
struct AdmittedItem {
    sequence: u64,
    inputs: Inputs,
    source_items: SourceItems,
    inside: ItemGuard,
}

/// Runs the items of `input`.
pub(super) fn run(runner: Arc<RunningPipeline>, input: BoxStream<'static, Inputs>) -> Outcomes {
    let order = RunOrder::for_pipeline(&runner);
    let in_order = runner
        .units
        .iter()
        .all(|unit| unit.options.ordering() == Ordering::Kept);
    let most = runner.in_flight_max;
    let fed = admit_items(Arc::clone(&runner), input);
    let begun = fed.map(move |fed| begin(&runner, &order, fed));
    let outcomes = if in_order {
        begun.buffered(most).boxed()
    } else {
        begun.buffer_unordered(most).boxed()
    };
    Outcomes(until_error(outcomes).boxed())
}

/// Sends a single item through.
pub(super) async fn run_one(runner: &Arc<RunningPipeline>, mut inputs: Inputs) -> Result<Outcome> {
    runner.check(&mut inputs, None)?;
    let inside = runner.enter()?;
    let Some(source_items) = from_sources(runner, None).await? else {
        return Ok(Outcome::default());
    };
    let way = start(
        runner,
        None,
        AdmittedItem {
            sequence: 0,
            inputs,
            source_items,
            inside,
        },
    )?;
    within_deadline(runner, way.run()).await
}

/// Numbers the items, and adds what sources return for them. Ends when a source does.
fn admit_items(
    runner: Arc<RunningPipeline>,
    input: BoxStream<'static, Inputs>,
) -> impl Stream<Item = Result<AdmittedItem>> + Send {
    let open = input.take_until({
        let runner = Arc::clone(&runner);
        async move { runner.wait_until_closed().await }
    });
    stream::try_unfold(
        (Box::pin(open.enumerate()), runner),
        async |(mut input, runner)| {
            let Some((sequence, mut inputs)) = input.next().await else {
                return Ok(None);
            };
            // The pipeline was removed meanwhile: the run ends as if the input had ended.
            let Ok(inside) = runner.enter() else {
                return Ok(None);
            };
            let sequence = sequence as u64;
            runner.check(&mut inputs, Some(sequence))?;
            match next_source_items(&runner, sequence, inside).await? {
                Some((source_items, inside)) => Ok(Some((
                    AdmittedItem {
                        sequence,
                        inputs,
                        source_items,
                        inside,
                    },
                    (input, runner),
                ))),
                None => Ok(None),
            }
        },
    )
}

/// Collects what the sources return for the next item of a run. They are called in a task, so that
/// a run that is not polled does not delay a removal.
async fn next_source_items(
    runner: &Arc<RunningPipeline>,
    sequence: u64,
    inside: ItemGuard,
) -> Result<Option<(SourceItems, ItemGuard)>> {
    if runner.units.iter().all(|unit| unit.source.is_none()) {
        return Ok(Some((SourceItems::new(), inside)));
    }
    let task = Task::spawn({
        let runner = Arc::clone(runner);
        async move {
            let given = from_sources(&runner, Some(sequence)).await;
            drop(inside);
            given
        }
    });
    let Some(given) = task.await.unwrap_or_else(|error| Err(lost_item(&error)))? else {
        return Ok(None);
    };
    // The pipeline was removed before this was polled: the items of the sources are not used.
    let Ok(inside) = runner.enter() else {
        count_unmatched(runner, &given);
        return Ok(None);
    };
    Ok(Some((given, inside)))
}

/// Collects an item from each source. Returns `None` if one of them is at its end.
async fn from_sources(
    runner: &Arc<RunningPipeline>,
    number: Option<u64>,
) -> Result<Option<SourceItems>> {
    let is_later = number.is_some_and(|number| number > 0);
    let mut given = Vec::new();
    for (place, unit) in runner
        .units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.source.is_some())
    {
        let has_ended = is_later && unit.source == Some(SourceMode::Once);
        let done = if has_ended {
            StageResult::Returned(StageOutput::End)
        } else {
            from_source(runner, place).await
        };
        match done {
            StageResult::Returned(StageOutput::Output(item)) => {
                given.push((place, OutputPort::Output, item))
            }
            StageResult::Returned(StageOutput::Error(error)) => {
                given.push((place, OutputPort::Error, error))
            }
            StageResult::Returned(StageOutput::End) => {
                count_unmatched(runner, &given);
                return Ok(None);
            }
            StageResult::Dropped(action, ended) => {
                runner.apply_action(place, number, action, ended)?;
                given.push((place, OutputPort::Output, None));
            }
        }
    }
    Ok(Some(given))
}

async fn from_source(runner: &RunningPipeline, place: usize) -> StageResult {
    runner.units[place]
        .work(Items::new(), runner.error_port(place), &mut Instant::now())
        .await
}

/// Counts the inputs, and the items of other sources, that are lost when a source is at its end.
fn count_unmatched(runner: &RunningPipeline, given: &SourceItems) {
    let of_sources = given
        .iter()
        .filter(|(_, _, item)| item.is_some())
        .map(|(unit, ..)| unit);
    for unit in of_sources.chain(runner.inputs.iter().map(|(unit, _)| unit)) {
        increment(&runner.units[*unit].counters.unmatched);
    }
}

/// Begins an item, which is queued from here on. The rest runs in its own task.
fn begin(
    runner: &Arc<RunningPipeline>,
    order: &Arc<RunOrder>,
    fed: Result<AdmittedItem>,
) -> impl Future<Output = Result<Outcome>> + Send + use<> {
    let begun = fed.and_then(|fed| start(runner, Some(order), fed));
    let runner = Arc::clone(runner);
    let task =
        begun.map(|way| Task::spawn(async move { within_deadline(&runner, way.run()).await }));
    async move { task?.await.unwrap_or_else(|error| Err(lost_item(&error))) }
}

/// An item on its way.
enum ItemRun {
    Chain(ChainRun),
    Graph(Box<Evaluation>),
}

impl ItemRun {
    async fn run(self) -> Result<Outcome> {
        match self {
            Self::Chain(following) => following.run().await,
            Self::Graph(evaluation) => evaluation.run().await,
        }
    }
}

/// Begins an item with what sources returned for it.
fn start(
    runner: &Arc<RunningPipeline>,
    order: Option<&Arc<RunOrder>>,
    fed: AdmittedItem,
) -> Result<ItemRun> {
    let AdmittedItem {
        sequence,
        mut inputs,
        source_items,
        inside,
    } = fed;
    let keeps_to_lines = order.is_none_or(|order| order.is_kept_by_queues());
    if let Some(chain) = runner.chain.as_deref().filter(|_| keeps_to_lines)
        && let Some(item) = inputs.0.pop()
    {
        return Ok(ItemRun::Chain(ChainRun::begin(
            runner,
            chain,
            order.map(|_| sequence),
            item,
            inside,
        )));
    }
    let mut evaluation = Evaluation::begin(runner, order, sequence, inputs.0, inside);
    source_items
        .into_iter()
        .try_for_each(|(unit, port, item)| evaluation.add_source_item(unit, port, item))?;
    Ok(ItemRun::Graph(Box::new(evaluation)))
}

async fn within_deadline(
    runner: &RunningPipeline,
    way: impl Future<Output = Result<Outcome>>,
) -> Result<Outcome> {
    let Some(deadline) = runner.pipeline.deadline() else {
        return way.await;
    };
    tokio::time::timeout(deadline, way)
        .await
        .unwrap_or_else(|_| {
            let name = runner.pipeline.name();
            let message =
                format!("an item took longer than the deadline of `{name}`, {deadline:?}");
            Err(Error::new(ErrorKind::DeadlineExceeded, message))
        })
}

fn lost_item(error: &tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Internal, format!("an item was lost: {error}"))
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
