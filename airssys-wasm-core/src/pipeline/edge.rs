//! An edge: from a port that gives to one that takes, and for which items.
//!
//! Stages are named by their place in `ComponentPipeline::stages`.
//! Tests: `tests/pipeline`.

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

/// Where an edge begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FromPort {
    /// What the function returns if all went well.
    Output,
    /// The error that it returns.
    Error,
}

/// Which items take an edge.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Route {
    /// All.
    Always,
    /// Those for which it holds.
    When(Condition),
    /// Those whose key falls to this target.
    Share(Share),
}

/// A parameter that nothing in the pipeline is connected to: items come in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineInput {
    /// The stage, by its place.
    pub stage: usize,
    /// The parameter, by its place.
    pub param: usize,
    /// What it takes.
    pub ty: Type,
}

/// A stage whose output leaves the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineOutput {
    /// The stage, by its place.
    pub stage: usize,
    /// What it gives.
    pub ty: Type,
}

impl Edge {
    /// The stage where it begins, by its place.
    #[must_use]
    pub fn from(&self) -> usize {
        self.from
    }

    /// Which of that stage's ports it begins at.
    #[must_use]
    pub fn from_port(&self) -> FromPort {
        self.from_port
    }

    /// The stage where it ends, by its place.
    #[must_use]
    pub fn to(&self) -> usize {
        self.to
    }

    /// The parameter where it ends, by its place.
    #[must_use]
    pub fn param(&self) -> usize {
        self.param
    }

    /// The type of what enters it; it flows into the parameter's.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// Which items take it.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// How values cross it.
    #[must_use]
    pub fn lane(&self) -> Lane {
        self.planned.lane
    }

    /// Why they cross it so.
    #[must_use]
    pub fn lane_reason(&self) -> &str {
        &self.planned.reason
    }
}

impl Route {
    /// Whether an item, as it leaves the port, takes the edge.
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
    /// The word for it in a port's text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Error => "error",
        }
    }
}
