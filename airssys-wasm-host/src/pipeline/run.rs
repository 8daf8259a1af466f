//! Runs: streams of items in, streams of outcomes out.
//!
//! Takes an item from the input only when there is room for it, so that a slow reader of the
//! outcomes slows the source of the items, and memory stays flat.
//! Tests: `tests/suite/pipelines/runs.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use airssys_wasm_core::pipeline::{FromPort, Order as Ordering, Source};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};

use super::call::Came;
use super::chain::Following;
use super::evaluate::{Evaluation, Order, Outcome};
use super::item::{Inputs, Item, Items};
use super::runner::{Inside, Runner};
use super::task::Task;
use super::unit::{Done, count};
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
type Given = Vec<(usize, FromPort, Option<Item>)>;

/// An item that was taken in, with what sources returned for it.
struct Fed {
    sequence: u64,
    inputs: Inputs,
    given: Given,
    inside: Inside,
}

/// Runs the items of `input`.
pub(super) fn run(runner: Arc<Runner>, input: BoxStream<'static, Inputs>) -> Outcomes {
    let order = Order::of(&runner);
    let in_order = runner
        .units
        .iter()
        .all(|unit| unit.options.ordering() == Ordering::Kept);
    let most = runner.in_flight_max;
    let fed = feed(Arc::clone(&runner), input);
    let begun = fed.map(move |fed| begin(&runner, &order, fed));
    let outcomes = if in_order {
        begun.buffered(most).boxed()
    } else {
        begun.buffer_unordered(most).boxed()
    };
    Outcomes(until_error(outcomes).boxed())
}

/// Sends a single item through.
pub(super) async fn one(runner: &Arc<Runner>, mut inputs: Inputs) -> Result<Outcome> {
    runner.check(&mut inputs, None)?;
    let inside = runner.enter()?;
    let Some(given) = from_sources(runner, None).await? else {
        return Ok(Outcome::default());
    };
    let way = started(
        runner,
        None,
        Fed {
            sequence: 0,
            inputs,
            given,
            inside,
        },
    )?;
    in_time(runner, way.run()).await
}

/// Numbers the items, and adds what sources return for them. Ends when a source does.
fn feed(
    runner: Arc<Runner>,
    input: BoxStream<'static, Inputs>,
) -> impl Stream<Item = Result<Fed>> + Send {
    let open = input.take_until({
        let runner = Arc::clone(&runner);
        async move { runner.closed().await }
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
            match fed(&runner, sequence, inside).await? {
                Some((given, inside)) => Ok(Some((
                    Fed {
                        sequence,
                        inputs,
                        given,
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
async fn fed(
    runner: &Arc<Runner>,
    sequence: u64,
    inside: Inside,
) -> Result<Option<(Given, Inside)>> {
    if runner.units.iter().all(|unit| unit.source.is_none()) {
        return Ok(Some((Given::new(), inside)));
    }
    let task = Task::of({
        let runner = Arc::clone(runner);
        async move {
            let given = from_sources(&runner, Some(sequence)).await;
            drop(inside);
            given
        }
    });
    let Some(given) = task.await.unwrap_or_else(|error| Err(lost(&error)))? else {
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
async fn from_sources(runner: &Arc<Runner>, number: Option<u64>) -> Result<Option<Given>> {
    let is_later = number.is_some_and(|number| number > 0);
    let mut given = Vec::new();
    for (place, unit) in runner
        .units
        .iter()
        .enumerate()
        .filter(|(_, unit)| unit.source.is_some())
    {
        let has_ended = is_later && unit.source == Some(Source::Once);
        let done = if has_ended {
            Done::Came(Came::End)
        } else {
            from_source(runner, place).await
        };
        match done {
            Done::Came(Came::Output(item)) => given.push((place, FromPort::Output, item)),
            Done::Came(Came::Error(error)) => given.push((place, FromPort::Error, error)),
            Done::Came(Came::End) => {
                count_unmatched(runner, &given);
                return Ok(None);
            }
            Done::Ended(action, ended) => {
                runner.end(place, number, action, ended)?;
                given.push((place, FromPort::Output, None));
            }
        }
    }
    Ok(Some(given))
}

async fn from_source(runner: &Runner, place: usize) -> Done {
    runner.units[place]
        .work(
            Items::new(),
            runner.takes_errors(place),
            &mut Instant::now(),
        )
        .await
}

/// Counts the inputs, and the items of other sources, that are lost when a source is at its end.
fn count_unmatched(runner: &Runner, given: &Given) {
    let of_sources = given
        .iter()
        .filter(|(_, _, item)| item.is_some())
        .map(|(unit, ..)| unit);
    for unit in of_sources.chain(runner.inputs.iter().map(|(unit, _)| unit)) {
        count(&runner.units[*unit].counters.unmatched);
    }
}

/// Begins an item, which is queued from here on. The rest runs in its own task.
fn begin(
    runner: &Arc<Runner>,
    order: &Arc<Order>,
    fed: Result<Fed>,
) -> impl Future<Output = Result<Outcome>> + Send + use<> {
    let begun = fed.and_then(|fed| started(runner, Some(order), fed));
    let runner = Arc::clone(runner);
    let task = begun.map(|way| Task::of(async move { in_time(&runner, way.run()).await }));
    async move { task?.await.unwrap_or_else(|error| Err(lost(&error))) }
}

/// An item on its way.
enum Way {
    Chain(Following),
    AnyShape(Box<Evaluation>),
}

impl Way {
    async fn run(self) -> Result<Outcome> {
        match self {
            Self::Chain(following) => following.run().await,
            Self::AnyShape(evaluation) => evaluation.run().await,
        }
    }
}

/// Begins an item with what sources returned for it.
fn started(runner: &Arc<Runner>, order: Option<&Arc<Order>>, fed: Fed) -> Result<Way> {
    let Fed {
        sequence,
        mut inputs,
        given,
        inside,
    } = fed;
    let keeps_to_lines = order.is_none_or(|order| order.is_that_of_lines());
    if let Some(chain) = runner.chain.as_deref().filter(|_| keeps_to_lines)
        && let Some(item) = inputs.0.pop()
    {
        return Ok(Way::Chain(Following::begin(
            runner,
            chain,
            order.map(|_| sequence),
            item,
            inside,
        )));
    }
    let mut evaluation = Evaluation::begin(runner, order, sequence, inputs.0, inside);
    given
        .into_iter()
        .try_for_each(|(unit, port, item)| evaluation.give(unit, port, item))?;
    Ok(Way::AnyShape(Box::new(evaluation)))
}

async fn in_time(runner: &Runner, way: impl Future<Output = Result<Outcome>>) -> Result<Outcome> {
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

fn lost(error: &tokio::task::JoinError) -> Error {
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
