//! Passes one item through a chain of stages, each with a single successor: equivalent to an
//! evaluation, without its bookkeeping.
//!
//! The item joins the queue of the next stage before it leaves its place at the previous one, so
//! that no item overtakes another. Where several items are processed at once and their order is
//! kept, `evaluate` is used instead.
//! Tests: `tests/suite/pipelines`.

use std::sync::Arc;
use std::time::Instant;

use super::call::Came;
use super::evaluate::Outcome;
use super::item::Item;
use super::runner::{Inside, Runner};
use super::unit::{Done, Place};
use crate::Result;

/// An item on its way through a chain.
pub(super) struct Following {
    runner: Arc<Runner>,
    /// The number of the item in its run, if it belongs to one.
    number: Option<u64>,
    item: Item,
    /// The place at the first unit.
    place: Place,
    _inside: Inside,
}

impl Following {
    /// Takes an item in. It is queued at the first unit from here on.
    pub(super) fn begin(
        runner: &Arc<Runner>,
        chain: &[usize],
        number: Option<u64>,
        item: Item,
        inside: Inside,
    ) -> Self {
        let place = runner.units[chain[0]].line();
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
            if let Place::Awaited(_) = place {
                place = Place::Had(unit.arrive(place).await);
                now = Instant::now();
            }
            let done = unit.work([item].into(), false, &mut now).await;
            let next = units.peek().map(|next| runner.units[*next].line());
            if let Place::Had(slot) = place {
                drop(done.hold(slot));
            }
            item = match done {
                Done::Came(Came::Output(Some(item))) => item,
                Done::Came(_) => return Ok(outcome),
                Done::Ended(action, ended) => {
                    runner.end(this, number, action, ended)?;
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
