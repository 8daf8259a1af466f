//! An edge: the connection from an output port to an input port, and the items that take it.
//!
//! Refers to stages by their index in `ComponentPipeline::stages`.
//! Tests: `airssys-wasm-core/tests/pipeline`.

use super::plan::{Lane, Planned};
use super::{Condition, Share};
use crate::Value;
use crate::world::Type;

/// A connection between two stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    pub(super) from: usize,
    pub(super) from_port: FromPort,
    pub(super) to: usize,
    pub(super) param: usize,
    pub(super) ty: Type,
    pub(super) route: Route,
    pub(super) planned: Planned,
}

/// The port of a stage from which an edge starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FromPort {
    /// The value that the function returns on success.
    Output,
    /// The error that the function returns.
    Error,
}

/// The items that take an edge.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Route {
    /// All items.
    Always,
    /// Items that satisfy the condition.
    When(Condition),
    /// Items whose key is assigned to this target.
    Share(Share),
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
    pub fn from_port(&self) -> FromPort {
        self.from_port
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
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The lane in which values cross the edge.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.planned.lane
    }

    /// The reason for the choice of [`lane`](Self::lane).
    #[must_use]
    pub fn lane_reason(&self) -> &str {
        &self.planned.reason
    }
}

impl Route {
    /// Returns `true` if an item that leaves the port takes the edge.
    #[must_use]
    pub fn takes(&self, item: &Value) -> bool {
        match self {
            Self::Always => true,
            Self::When(condition) => condition.holds(item),
            Self::Share(share) => share.takes(item),
        }
    }
}

impl FromPort {
    /// The name of the port in the text of a port.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Error => "error",
        }
    }
}
