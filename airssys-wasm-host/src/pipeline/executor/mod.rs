//! Moves one item through the units of a pipeline, from its inputs to its outputs.
//!
//! | file | contents |
//! |---|---|
//! | `frontier` | the units that an item has reached, and the edges that it takes from them |
//! | `order`, `turnstile` | the order of the items of a run |
//!
//! An item is in the queues of all units in its frontier, and they work on it at the same time. In
//! a chain, the frontier is one unit. An item has a slot of a unit only while the unit works on it,
//! so that no two items wait for each other. It joins the queues of the next units before the next
//! item may leave the unit, so that none overtakes another: it holds its slot until then, or, where
//! the unit works on several items in order, its turn.
//! Tests: `tests/suite/pipelines`.

mod frontier;
mod order;
mod turnstile;

use std::sync::Arc;
use std::time::{Duration, Instant};

use airssys_wasm_core::pipeline::OutputPort;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::check::describe_item;
use super::in_flight::ItemGuard;
use super::item::Inputs;
use super::outcome::Outcome;
use super::running::RunningPipeline;
use super::sources::SourceItems;
use super::unit::{SlotRequest, UnitOutput, UnitResult, UnitSlot};
use crate::{Error, ErrorKind, Result};
use frontier::{Frontier, ReadyUnit};
pub(super) use order::{RunOrder, RunPosition};

/// An item that was admitted, with what sources returned for it.
pub(super) struct AdmittedItem {
    /// The position of the item in its run, if it belongs to one.
    pub(super) position: Option<RunPosition>,
    pub(super) inputs: Inputs,
    pub(super) source_items: SourceItems,
    pub(super) guard: ItemGuard,
}

/// The executor of one item.
pub(super) struct ItemExecutor {
    worker: ItemWorker,
    frontier: Frontier,
    _guard: ItemGuard,
}

/// Has units work on the item, and routes their results.
struct ItemWorker {
    running: Arc<RunningPipeline>,
    position: Option<RunPosition>,
}

/// A unit that has worked on the item.
struct FinishedUnit {
    unit: usize,
    result: UnitResult,
    /// The slot of the item, unless it is needed no more or the output still holds it.
    slot: Option<UnitSlot>,
    /// The time at which it ended.
    ended: Instant,
}

impl ItemExecutor {
    /// Starts an item. It is in the queues of its first units from here on.
    #[inline]
    pub(super) fn start(running: &Arc<RunningPipeline>, item: AdmittedItem) -> Result<Self> {
        let graph = &running.graph;
        let mut frontier = Frontier::default();
        for (item, input) in item.inputs.0.into_iter().zip(&graph.inputs) {
            frontier.arrive(graph, *input, item);
        }
        for (unit, output) in item.source_items {
            frontier.send(graph, unit, output)?;
        }
        Ok(Self {
            worker: ItemWorker {
                running: Arc::clone(running),
                position: item.position,
            },
            frontier,
            _guard: item.guard,
        })
    }

    /// Moves the item to its end, within the deadline of the pipeline.
    pub(super) async fn run(&mut self) -> Result<Outcome> {
        let Some(deadline) = self.worker.running.pipeline.deadline() else {
            return self.run_to_end().await;
        };
        match tokio::time::timeout(deadline, self.run_to_end()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.deadline_error(deadline)),
        }
    }

    fn deadline_error(&self, deadline: Duration) -> Error {
        let worker = &self.worker;
        let item = describe_item(&worker.running.pipeline, worker.number());
        let message =
            format!("{item}: it took longer than the deadline of the pipeline, {deadline:?}");
        Error::new(ErrorKind::DeadlineExceeded, message)
    }

    async fn run_to_end(&mut self) -> Result<Outcome> {
        let Self {
            worker, frontier, ..
        } = self;
        let mut now = Instant::now();
        while let Some(ready) = frontier.ready.pop() {
            if frontier.ready.is_empty() {
                let finished = worker.work(ready, now).await;
                now = finished.ended;
                worker.finish(finished, frontier)?;
            } else {
                frontier.ready.push(ready);
                Box::pin(worker.work_on_branches(frontier)).await?;
                now = Instant::now();
            }
        }
        frontier.count_unmatched(&worker.running.graph);
        Ok(Outcome {
            sequence: worker.number().unwrap_or_default(),
            outputs: std::mem::take(&mut frontier.outputs),
        })
    }
}

impl ItemWorker {
    /// Works on the item in several units at the same time, until at most one is left.
    async fn work_on_branches(&self, frontier: &mut Frontier) -> Result<()> {
        let mut branches = FuturesUnordered::new();
        while !branches.is_empty() || frontier.ready.len() > 1 {
            while let Some(ready) = frontier.ready.pop() {
                branches.push(self.work(ready, Instant::now()));
            }
            if let Some(finished) = branches.next().await {
                self.finish(finished, frontier)?;
            }
        }
        Ok(())
    }

    /// Has a unit work on the item, from `now` on or once it has a slot there. Returns when it is
    /// the item's turn to leave.
    async fn work(&self, ready: ReadyUnit, now: Instant) -> FinishedUnit {
        let unit = &self.running.graph.units[ready.unit];
        let (slot, begun) = match ready.request {
            SlotRequest::Granted(slot) => (slot, now),
            SlotRequest::Queued(queued) => (unit.slots.wait(queued).await, Instant::now()),
        };
        let (result, mut ended) = unit.process(ready.items, begun).await;
        let mut slot = leave_slot(slot, &result);
        if let Some(position) = &self.position
            && position.has_turn(ready.unit)
        {
            // An item that waits for its turn must not hold a slot that others need.
            drop(slot.take());
            position.wait_turn(ready.unit).await;
            ended = Instant::now();
        }
        FinishedUnit {
            unit: ready.unit,
            result,
            slot,
            ended,
        }
    }

    /// Passes on the result of a unit, and then lets the next item have its slot and its turn.
    #[inline]
    fn finish(&self, finished: FinishedUnit, frontier: &mut Frontier) -> Result<()> {
        let FinishedUnit {
            unit, result, slot, ..
        } = finished;
        let graph = &self.running.graph;
        let passed = match result {
            Ok(output) => frontier.send(graph, unit, output),
            Err(failed) => {
                let running = &self.running;
                running.settle_failure(&graph.units[unit], self.number(), *failed)
            }
        };
        drop(slot);
        if let Some(position) = &self.position {
            position.pass(unit);
        }
        passed
    }

    /// Returns the number of the item in its run, if it belongs to one.
    fn number(&self) -> Option<u64> {
        self.position.as_ref().map(|position| position.number)
    }
}

/// Leaves the slot with the output if that is a stream, which is still being written. Returns it
/// otherwise.
#[inline]
fn leave_slot(slot: UnitSlot, result: &UnitResult) -> Option<UnitSlot> {
    match result {
        Ok(UnitOutput {
            port: OutputPort::Output,
            item: Some(item),
        }) => item.hold_until_end(slot),
        _ => Some(slot),
    }
}
