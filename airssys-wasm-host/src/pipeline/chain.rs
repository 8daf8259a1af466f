//! One item through stages of which each has one way on: the same as any evaluation, with
//! nothing to keep track of.
//!
//! For single calls; in a run items are kept in order, which `evaluate` does.
//! Tests: the workspace's `tests/suite/pipelines`, where calls and runs give the same.

use std::sync::Arc;

use super::call::Came;
use super::evaluate::Outcome;
use super::item::Item;
use super::runner::Runner;
use super::unit::Done;
use crate::Result;

/// Sends an item through the units of a chain.
pub(super) async fn follow(runner: &Arc<Runner>, chain: &[usize], item: Item) -> Result<Outcome> {
    let _inside = runner.enter()?;
    let mut outcome = Outcome::default();
    let mut passed = item;
    for &place in chain {
        let unit = &runner.units[place];
        let slot = match unit.place_at_once() {
            Some(slot) => slot,
            None => {
                let _waiting = unit.counters.wait();
                unit.queue().await
            }
        };
        let done = unit.work(vec![passed], false).await;
        drop(done.hold(slot));
        passed = match done {
            Done::Came(Came::Output(Some(item))) => item,
            Done::Came(_) => return Ok(outcome),
            Done::Ended(action, ended) => {
                runner.end(place, None, action, ended)?;
                return Ok(outcome);
            }
        };
        if let Some(name) = &runner.outputs[place] {
            outcome.outputs.push((Arc::clone(name), passed));
            return Ok(outcome);
        }
    }
    Ok(outcome)
}
