//! Passes one item from its inputs through every stage that it reaches.
//!
//! Stages that do not wait for each other process it at the same time. An item holds a place at a
//! stage only while the stage works on it, so that no two items wait for each other. The number of
//! items inside is bounded for the whole pipeline.
//! Tests: `tests/suite/pipelines`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use airssys_wasm_core::pipeline::OutputPort;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::call::StageOutput;
use super::item::{Item, Items};
use super::running::{ItemGuard, RunningPipeline};
use super::turnstile::Turnstile;
use super::unit::{StageResult, UnitPlace, UnitSlot, increment};
use crate::Result;

/// The outputs of a pipeline for one item.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// The number of the item in its run, from 0.
    pub sequence: u64,
    /// The items that left the pipeline, by the name of their stage. Empty if the item was skipped
    /// or became a dead letter; several if several stages returned something.
    pub outputs: Vec<(Arc<str>, Item)>,
}

impl Outcome {
    /// Returns the output, if there is exactly one.
    #[must_use]
    pub fn into_item(mut self) -> Option<Item> {
        let item = self.outputs.pop();
        if self.outputs.is_empty() {
            item.map(|(_, item)| item)
        } else {
            None
        }
    }
}

/// The order of a run: a turnstile for each unit that works on several items at once and keeps
/// their order.
pub(super) struct RunOrder(Vec<Option<Turnstile>>);

/// An item on its way through a pipeline.
pub(super) struct Evaluation {
    runner: Arc<RunningPipeline>,
    order: Option<Arc<RunOrder>>,
    sequence: u64,
    /// Items that have arrived at an input of a unit and wait for those of its other inputs.
    arrived: Vec<Vec<VecDeque<Item>>>,
    ready: Vec<ReadyUnit>,
    outcome: Outcome,
    passed: Vec<bool>,
    _inside: ItemGuard,
}

/// A unit whose inputs are complete, in the queue for a place.
struct ReadyUnit {
    unit: usize,
    items: Items,
    place: UnitPlace,
}

struct FinishedUnit {
    unit: usize,
    done: StageResult,
    slot: Option<UnitSlot>,
}

impl RunOrder {
    pub(super) fn for_pipeline(runner: &RunningPipeline) -> Arc<Self> {
        let turnstile = |unit: &super::unit::Unit| unit.keeps_order().then(Turnstile::default);
        Arc::new(Self(runner.units.iter().map(turnstile).collect()))
    }

    /// Returns `true` if queueing alone keeps the order of items, without turnstiles.
    pub(super) fn is_kept_by_queues(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

impl Evaluation {
    /// Takes an item in. It is queued at its first stages from here on.
    pub(super) fn begin(
        runner: &Arc<RunningPipeline>,
        order: Option<&Arc<RunOrder>>,
        sequence: u64,
        items: Vec<Item>,
        inside: ItemGuard,
    ) -> Self {
        let arrived = runner
            .units
            .iter()
            .map(|unit| vec![VecDeque::new(); unit.inputs])
            .collect();
        let mut evaluation = Self {
            order: order.cloned(),
            sequence,
            arrived,
            ready: Vec::new(),
            outcome: Outcome {
                sequence,
                outputs: Vec::new(),
            },
            passed: vec![false; runner.units.len()],
            runner: Arc::clone(runner),
            _inside: inside,
        };
        for (item, (unit, param)) in items.into_iter().zip(&runner.inputs) {
            evaluation.arrive(*unit, *param, item);
        }
        evaluation
    }

    /// Adds what a source returned for this item.
    pub(super) fn add_source_item(
        &mut self,
        unit: usize,
        port: OutputPort,
        item: Option<Item>,
    ) -> Result<()> {
        self.pass_on(unit, port, item)
    }

    /// Follows the item to its end.
    pub(super) async fn run(mut self) -> Result<Outcome> {
        let mut working = FuturesUnordered::new();
        loop {
            let alone = working.is_empty() && self.ready.len() == 1;
            let finished = match self.ready.pop() {
                // The common case: most items are at one stage at a time.
                Some(ready) if alone => {
                    work(&self.runner, self.order.as_deref(), self.sequence, ready).await
                }
                Some(ready) => {
                    let (runner, order) = (Arc::clone(&self.runner), self.order.clone());
                    let sequence = self.sequence;
                    working.push(Box::pin(async move {
                        work(&runner, order.as_deref(), sequence, ready).await
                    }));
                    continue;
                }
                None => match working.next().await {
                    Some(finished) => finished,
                    None => {
                        self.count_unmatched();
                        return Ok(std::mem::take(&mut self.outcome));
                    }
                },
            };
            self.finish(finished)?;
        }
    }

    /// Passes on the result of a unit, and then lets the next item have its place and its turn.
    fn finish(&mut self, finished: FinishedUnit) -> Result<()> {
        let FinishedUnit { unit, done, slot } = finished;
        let sent = match done {
            StageResult::Returned(StageOutput::Output(item)) => {
                self.pass_on(unit, OutputPort::Output, item)
            }
            StageResult::Returned(StageOutput::Error(item)) => {
                self.pass_on(unit, OutputPort::Error, item)
            }
            StageResult::Returned(StageOutput::End) => Ok(()),
            StageResult::Dropped(action, ended) => {
                self.runner.apply_action(unit, self.number(), action, ended)
            }
        };
        drop(slot);
        self.pass_turnstile(unit);
        sent
    }

    /// Returns the number of the item in its run, if it belongs to one.
    fn number(&self) -> Option<u64> {
        self.order.as_ref().map(|_| self.sequence)
    }

    fn pass_on(&mut self, unit: usize, port: OutputPort, item: Option<Item>) -> Result<()> {
        let runner = Arc::clone(&self.runner);
        let Some(item) = item else { return Ok(()) };
        let mut ways = runner.edges[unit]
            .iter()
            .filter(|way| way.port == port)
            .peekable();
        let leaves = runner.outputs[unit]
            .as_ref()
            .filter(|_| port == OutputPort::Output);
        let mut is_lost = leaves.is_none();
        let mut item = Some(item);
        if let Some(name) = leaves {
            let given = if ways.peek().is_some() {
                item.clone()
            } else {
                item.take()
            };
            self.outcome
                .outputs
                .extend(given.map(|item| (Arc::clone(name), item)));
        }
        while let Some(way) = ways.next() {
            let given = if ways.peek().is_some() {
                item.clone()
            } else {
                item.take()
            };
            let Some(given) = given else { break };
            if way.takes(&given)? {
                is_lost = false;
                let given = match &way.convert {
                    Some(ty) => given.into_type(ty)?,
                    None => given,
                };
                self.arrive(way.to, way.param, given);
            }
        }
        if is_lost {
            increment(&runner.units[unit].counters.unrouted);
        }
        Ok(())
    }

    fn arrive(&mut self, unit: usize, param: usize, item: Item) {
        let inputs = &mut self.arrived[unit];
        inputs[param].push_back(item);
        if inputs.iter().any(VecDeque::is_empty) {
            return;
        }
        let items = inputs.iter_mut().filter_map(VecDeque::pop_front).collect();
        self.ready.push(ReadyUnit {
            unit,
            items,
            place: self.runner.units[unit].join_queue(),
        });
    }

    /// Counts the items that still wait for other inputs when nothing else is in progress.
    fn count_unmatched(&self) {
        for (unit, inputs) in self.runner.units.iter().zip(&self.arrived) {
            let left = inputs.iter().flatten();
            left.for_each(|_| increment(&unit.counters.unmatched));
        }
    }

    fn pass_turnstile(&mut self, unit: usize) {
        self.passed[unit] = true;
        if let Some(turnstile) = self.order.as_ref().and_then(|order| order.0[unit].as_ref()) {
            turnstile.pass(self.sequence);
        }
    }
}

/// Passes the turnstiles of stages that the item never reached, so that the items behind it do not
/// wait.
impl Drop for Evaluation {
    fn drop(&mut self) {
        for unit in 0..self.passed.len() {
            if !self.passed[unit] {
                self.pass_turnstile(unit);
            }
        }
    }
}

async fn work(
    runner: &RunningPipeline,
    order: Option<&RunOrder>,
    sequence: u64,
    ready: ReadyUnit,
) -> FinishedUnit {
    let ReadyUnit { unit, items, place } = ready;
    let running = &runner.units[unit];
    let slot = running.wait_for_place(place).await;
    let done = running
        .work(items, runner.error_port(unit), &mut Instant::now())
        .await;
    let slot = done.hold_slot(slot);
    let Some(turnstile) = order.and_then(|order| order.0[unit].as_ref()) else {
        return FinishedUnit { unit, done, slot };
    };
    // An item that waits for its turn must not hold a place that others need.
    drop(slot);
    turnstile.wait_turn(sequence).await;
    FinishedUnit {
        unit,
        done,
        slot: None,
    }
}
