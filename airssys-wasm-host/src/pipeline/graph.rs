//! The units of a pipeline, and the edges between them.
//!
//! Tests: `tests/suite/pipelines/shapes.rs`.

use std::sync::Arc;

use airssys_wasm_core::pipeline::{ComponentPipeline, Edge, EdgeFilter, Lane, OutputPort};
use airssys_wasm_core::world::Type;

use super::item::Item;
use super::unit::Unit;
use crate::Result;

/// The units of a pipeline, by their index, and the ways of items between them.
pub(super) struct UnitGraph {
    pub(super) units: Vec<Unit>,
    /// The exits of each unit.
    exits: Vec<UnitExits>,
    /// The inputs of the pipeline, in order.
    pub(super) inputs: Vec<UnitInput>,
    /// The units that produce items on their own.
    pub(super) sources: Vec<usize>,
}

/// An input of a unit.
#[derive(Clone, Copy)]
pub(super) struct UnitInput {
    pub(super) unit: usize,
    pub(super) param: usize,
}

struct UnitExits {
    output: UnitExit,
    error: UnitExit,
}

/// The ways that items take from a port of a unit.
pub(super) struct UnitExit {
    pub(super) edges: Vec<UnitEdge>,
    /// The name of the stage whose output leaves the pipeline, if it does.
    pub(super) output_name: Option<Arc<str>>,
}

/// An edge between two units.
pub(super) struct UnitEdge {
    filter: EdgeFilter,
    pub(super) to: UnitInput,
    /// The type that the item is converted to, if it has another.
    convert: Option<Type>,
}

impl UnitGraph {
    pub(super) fn new(pipeline: &ComponentPipeline, units: Vec<Unit>) -> Self {
        let inputs = pipeline.inputs().iter();
        let inputs = inputs.map(|input| UnitInput {
            unit: index_of(&units, input.stage),
            param: input.param,
        });
        let exits = units
            .iter()
            .map(|unit| UnitExits::new(pipeline, &units, unit));
        let is_source = |unit: &usize| units[*unit].source.is_some();
        Self {
            exits: exits.collect(),
            inputs: inputs.collect(),
            sources: (0..units.len()).filter(is_source).collect(),
            units,
        }
    }

    /// Returns the exit at a port of a unit.
    pub(super) fn exit(&self, unit: usize, port: OutputPort) -> &UnitExit {
        let exits = &self.exits[unit];
        match port {
            OutputPort::Output => &exits.output,
            OutputPort::Error => &exits.error,
        }
    }
}

fn index_of(units: &[Unit], stage: usize) -> usize {
    units
        .iter()
        .position(|unit| unit.stages.contains(&stage))
        .expect("every stage is in a unit")
}

impl UnitExits {
    fn new(pipeline: &ComponentPipeline, units: &[Unit], unit: &Unit) -> Self {
        let last = unit.last_stage();
        let edges_of = |port: OutputPort| {
            let edges = pipeline.edges().iter();
            edges
                .filter(|edge| edge.from() == last && edge.output_port() == port)
                .map(|edge| UnitEdge::new(edge, pipeline, index_of(units, edge.to())))
                .collect()
        };
        let mut outputs = pipeline.outputs().iter();
        let is_output = outputs.any(|output| output.stage == last);
        Self {
            output: UnitExit {
                edges: edges_of(OutputPort::Output),
                output_name: is_output.then(|| pipeline.stages()[last].name().into()),
            },
            error: UnitExit {
                edges: edges_of(OutputPort::Error),
                output_name: None,
            },
        }
    }
}

impl UnitEdge {
    fn new(edge: &Edge, pipeline: &ComponentPipeline, to: usize) -> Self {
        let wanted = &pipeline.stages()[edge.to()].inputs()[edge.param()].ty;
        Self {
            filter: edge.filter().clone(),
            to: UnitInput {
                unit: to,
                param: edge.param(),
            },
            // A list is read as the stream that is wanted, without being converted first.
            convert: (edge.ty() != wanted && edge.lane() != Lane::Streamed).then(|| wanted.clone()),
        }
    }

    /// Returns `true` if an item takes this edge.
    #[inline]
    pub(super) fn accepts(&self, item: &Item) -> Result<bool> {
        match &self.filter {
            EdgeFilter::Always => Ok(true),
            filter => Ok(filter.accepts(&item.clone().into_value()?)),
        }
    }

    /// Converts an item to the type of the input at which the edge ends.
    #[inline]
    pub(super) fn convert(&self, item: Item) -> Result<Item> {
        match &self.convert {
            Some(ty) => item.into_type(ty),
            None => Ok(item),
        }
    }
}
