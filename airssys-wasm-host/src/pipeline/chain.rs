//! Passes one item through a chain of stages, each with a single successor: equivalent to an
//! evaluation, without its bookkeeping.
//!
//! The item joins the queue of the next stage before it leaves its place at the previous one, so
//! that no item overtakes another. Where several items are processed at once and their order is
//! kept, `evaluate` is used instead.
//! Tests: `tests/suite/pipelines`.

use std::sync::Arc;
use std::time::Instant;

use super::call::StageOutput;
use super::evaluate::Outcome;
use super::item::Item;
use super::running::{ItemGuard, RunningPipeline};
use super::unit::{ErrorPort, StageResult, UnitPlace};
use crate::Result;

/// An item on its way through a chain.
pub(super) struct ChainRun {
    runner: Arc<RunningPipeline>,
    /// The number of the item in its run, if it belongs to one.
    number: Option<u64>,
    item: Item,
    /// The place at the first unit.
    place: UnitPlace,
    _inside: ItemGuard,
}

impl ChainRun {
    /// Takes an item in. It is queued at the first unit from here on.
    pub(super) fn begin(
        runner: &Arc<RunningPipeline>,
        chain: &[usize],
        number: Option<u64>,
        item: Item,
        inside: ItemGuard,
    ) -> Self {
        let place = runner.units[chain[0]].join_queue();
        Self {
            runner: Arc::clone(runner),
            number,
            item,
            place,
            _inside: inside,
        }
    }

    /// Follows the item to its end.
    pub(super) async fn run(self) -> Result<Outcome> {
        let Self {
            runner,
            number,
            mut item,
            mut place,
            _inside,
        } = self;
        let mut outcome = Outcome {
            sequence: number.unwrap_or_default(),
            outputs: Vec::new(),
        };
        let mut now = Instant::now();
        let mut units = runner.chain.iter().flatten().copied().peekable();
        while let Some(this) = units.next() {
            let unit = &runner.units[this];
            if let UnitPlace::Queued(_) = place {
                place = UnitPlace::Granted(unit.wait_for_place(place).await);
                now = Instant::now();
            }
            let done = unit
                .work([item].into(), ErrorPort::Unconnected, &mut now)
                .await;
            let next = units.peek().map(|next| runner.units[*next].join_queue());
            if let UnitPlace::Granted(slot) = place {
                drop(done.hold_slot(slot));
            }
            item = match done {
                StageResult::Returned(StageOutput::Output(Some(item))) => item,
                StageResult::Returned(_) => return Ok(outcome),
                StageResult::Dropped(action, ended) => {
                    runner.apply_action(this, number, action, ended)?;
                    return Ok(outcome);
                }
            };
            let Some(next) = next else {
                outcome
                    .outputs
                    .extend(runner.outputs[this].clone().map(|name| (name, item)));
                return Ok(outcome);
            };
            place = next;
        }
        Ok(outcome)
    }
}
