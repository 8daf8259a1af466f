//! The order of the items of a run, and the position of one of them.
//!
//! Tests: `tests/suite/pipelines/runs.rs`.

use std::sync::Arc;

use super::super::graph::UnitGraph;
use super::turnstile::Turnstile;

/// The order of a run: a turnstile for each unit that works on several items at once and keeps
/// their order. At all others, the queue keeps it.
pub(in super::super) struct RunOrder(Vec<Option<Turnstile>>);

/// The number of an item in its run, and its turn at each turnstile.
///
/// When it is dropped, it passes the turnstiles that the item has not reached, so that the items
/// behind it do not wait.
pub(in super::super) struct RunPosition {
    pub(in super::super) number: u64,
    order: Option<Arc<RunOrder>>,
}

impl RunOrder {
    /// Creates the order of a run. `None` if the queues of the units keep it.
    pub(in super::super) fn new(graph: &UnitGraph) -> Option<Arc<Self>> {
        let units = graph.units.iter();
        let turnstiles: Vec<_> = units
            .map(|unit| unit.keeps_order().then(Turnstile::default))
            .collect();
        let has_any = turnstiles.iter().any(Option::is_some);
        has_any.then(|| Arc::new(Self(turnstiles)))
    }
}

impl RunPosition {
    /// Creates the position of the item with this number, counted from 0.
    pub(in super::super) fn new(number: u64, order: Option<&Arc<RunOrder>>) -> Self {
        Self {
            number,
            order: order.cloned(),
        }
    }

    /// Returns `true` if items leave a unit in turn.
    pub(super) fn has_turn(&self, unit: usize) -> bool {
        self.turnstile(unit).is_some()
    }

    /// Waits until all earlier items have left a unit, or will not reach it.
    pub(super) async fn wait_turn(&self, unit: usize) {
        if let Some(turnstile) = self.turnstile(unit) {
            turnstile.wait_turn(self.number).await;
        }
    }

    /// Records that the item has left a unit.
    pub(super) fn pass(&self, unit: usize) {
        if let Some(turnstile) = self.turnstile(unit) {
            turnstile.pass(self.number);
        }
    }

    fn turnstile(&self, unit: usize) -> Option<&Turnstile> {
        self.order.as_ref()?.0[unit].as_ref()
    }
}

impl Drop for RunPosition {
    fn drop(&mut self) {
        for turnstile in self.order.iter().flat_map(|order| &order.0).flatten() {
            turnstile.pass(self.number);
        }
    }
}
