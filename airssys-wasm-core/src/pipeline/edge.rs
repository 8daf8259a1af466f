//! An edge: the connection from an output port to an input port, and the items that take it.
//!
//! Refers to stages by their index in `ComponentPipeline::stages`.
//! Tests: `airssys-wasm-core/tests/pipeline`.

use super::plan::{Lane, LaneChoice};
use super::{Condition, PartitionShare};
use crate::Value;
use crate::world::Type;

/// A connection between two stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    pub(super) from: usize,
    pub(super) output_port: OutputPort,
    pub(super) to: usize,
    pub(super) param: usize,
    pub(super) ty: Type,
    pub(super) filter: EdgeFilter,
    pub(super) lane_choice: LaneChoice,
}

/// The port of a stage from which an edge starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputPort {
    /// The value that the function returns on success.
    Output,
    /// The error that the function returns.
    Error,
}

/// The items that take an edge.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EdgeFilter {
    /// All items.
    Always,
    /// Items that satisfy the condition.
    When(Condition),
    /// Items whose key is assigned to this target.
    Partition(PartitionShare),
}

/// A parameter to which nothing in the pipeline is connected: items enter the pipeline here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineInput {
    /// The index of the stage.
    pub stage: usize,
    /// The index of the parameter.
    pub param: usize,
    /// The type of the items.
    pub ty: Type,
}

/// A stage whose output leaves the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineOutput {
    /// The index of the stage.
    pub stage: usize,
    /// The type of the items.
    pub ty: Type,
}

impl Edge {
    /// The index of the stage from which the edge starts.
    #[must_use]
    pub fn from(&self) -> usize {
        self.from
    }

    /// The port from which the edge starts.
    #[must_use]
    pub fn output_port(&self) -> OutputPort {
        self.output_port
    }

    /// The index of the stage at which the edge ends.
    #[must_use]
    pub fn to(&self) -> usize {
        self.to
    }

    /// The index of the parameter at which the edge ends.
    #[must_use]
    pub fn param(&self) -> usize {
        self.param
    }

    /// The type of the values that enter the edge; it flows into the parameter's type.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The items that take the edge.
    #[must_use]
    pub fn filter(&self) -> &EdgeFilter {
        &self.filter
    }

    /// The lane in which values cross the edge.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.lane_choice.lane
    }

    /// The reason for the choice of [`lane`](Self::lane).
    #[must_use]
    pub fn lane_reason(&self) -> &str {
        &self.lane_choice.reason
    }
}

impl EdgeFilter {
    /// Returns `true` if an item that leaves the port takes the edge.
    #[must_use]
    pub fn accepts(&self, item: &Value) -> bool {
        match self {
            Self::Always => true,
            Self::When(condition) => condition.matches(item),
            Self::Partition(share) => share.accepts(item),
        }
    }
}

impl OutputPort {
    /// The name of the port in the text of a port.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Error => "error",
        }
    }
}
