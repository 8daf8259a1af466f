//! The units that an item has reached, and the edges that it takes from them.
//!
//! Tests: `tests/suite/pipelines/shapes.rs`, `tests/suite/pipelines/losses.rs`.

use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use super::super::graph::{UnitEdge, UnitGraph, UnitInput};
use super::super::item::{Item, Items};
use super::super::unit::{SlotRequest, UnitOutput};
use crate::Result;

/// The state of an item on its way.
#[derive(Default)]
pub(super) struct Frontier {
    /// The units that can work on the item.
    pub(super) ready: SmallVec<[ReadyUnit; 1]>,
    /// The units of several inputs that parts of the item have reached.
    joins: Vec<UnitJoin>,
    /// The parts that have left the pipeline, by the name of their stage.
    pub(super) outputs: Vec<(Arc<str>, Item)>,
}

/// A unit whose inputs are complete, with a request for a slot there.
pub(super) struct ReadyUnit {
    pub(super) unit: usize,
    pub(super) items: Items,
    pub(super) request: SlotRequest,
}

/// The parts that have arrived at each input of a unit and wait for those of its other inputs.
struct UnitJoin {
    unit: usize,
    arrived: Vec<VecDeque<Item>>,
}

impl Frontier {
    /// Sends the output of a unit along the edges that accept it, and out of the pipeline if it
    /// leaves there.
    #[inline]
    pub(super) fn send(
        &mut self,
        graph: &UnitGraph,
        unit: usize,
        output: UnitOutput,
    ) -> Result<()> {
        let Some(item) = output.item else {
            return Ok(());
        };
        let exit = graph.exit(unit, output.port);
        // The last edge gets the item itself, so that a chain copies nothing.
        let mut last: Option<&UnitEdge> = None;
        for edge in &exit.edges {
            if edge.accepts(&item)?
                && let Some(earlier) = last.replace(edge)
            {
                self.arrive(graph, earlier.to, earlier.convert(item.clone())?);
            }
        }
        match (last, &exit.output_name) {
            (Some(edge), None) => self.arrive(graph, edge.to, edge.convert(item)?),
            (None, Some(name)) => self.outputs.push((Arc::clone(name), item)),
            (Some(edge), Some(name)) => {
                self.outputs.push((Arc::clone(name), item.clone()));
                self.arrive(graph, edge.to, edge.convert(item)?);
            }
            (None, None) => graph.units[unit].counters.unrouted.increment(),
        }
        Ok(())
    }

    /// Adds an item that arrives at an input of a unit. Once all inputs of the unit have one, it is
    /// in the queue of the unit.
    #[inline]
    pub(super) fn arrive(&mut self, graph: &UnitGraph, input: UnitInput, item: Item) {
        let unit = &graph.units[input.unit];
        let items = match unit.inputs {
            1 => Items::from([item]),
            inputs => match self.join(inputs, input, item) {
                Some(items) => items,
                None => return,
            },
        };
        self.ready.push(ReadyUnit {
            unit: input.unit,
            items,
            request: unit.slots.request(),
        });
    }

    /// Adds an item at one of several inputs of a unit. Returns an item for each of the inputs once
    /// all of them have one.
    fn join(&mut self, inputs: usize, input: UnitInput, item: Item) -> Option<Items> {
        let known = self.joins.iter().position(|join| join.unit == input.unit);
        let place = known.unwrap_or_else(|| {
            self.joins.push(UnitJoin::new(input.unit, inputs));
            self.joins.len() - 1
        });
        let arrived = &mut self.joins[place].arrived;
        arrived[input.param].push_back(item);
        let is_complete = arrived.iter().all(|items| !items.is_empty());
        is_complete.then(|| arrived.iter_mut().filter_map(VecDeque::pop_front).collect())
    }

    /// Counts the parts that still wait for others when no unit works on the item any more.
    pub(super) fn count_unmatched(&self, graph: &UnitGraph) {
        for join in &self.joins {
            for _ in join.arrived.iter().flatten() {
                graph.units[join.unit].counters.unmatched.increment();
            }
        }
    }
}

impl UnitJoin {
    fn new(unit: usize, inputs: usize) -> Self {
        Self {
            unit,
            arrived: vec![VecDeque::new(); inputs],
        }
    }
}
