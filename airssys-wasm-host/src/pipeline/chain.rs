//! One item through stages of which each has one way on: the same as any evaluation, with
//! nothing to keep track of.
//!
//! It stands in line at the next stage before it leaves its place at the one before, so that
//! no item overtakes another. Where several are worked on at once and their order is kept,
//! `evaluate` does it.
//! Tests: the workspace's `tests/suite/pipelines`.

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
    /// The item's number in its run, if it is one of a run.
    number: Option<u64>,
    item: Item,
    /// At the first unit.
    place: Place,
    _inside: Inside,
}

impl Following {
    /// Takes an item in: from here on it stands in line at the first unit.
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
