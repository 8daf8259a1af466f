//! The choice of the lane in which values cross an edge.
//!
//! Considers types, requests and options only. Grants are known only to the host, which never fuses
//! stages whose grants differ.
//! Tests: `airssys-wasm-core/tests/pipeline/plan.rs`.

use super::edge::{Edge, EdgeFilter, OutputPort};
use super::{OnError, Stage};
use crate::Instancing;
use crate::interfaces::{InterfaceEffect, known_interface};
use crate::policy::RequestedCapabilities;
use crate::world::{ElementType, PlainSignature, Type, World};

/// The way in which values cross an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// The two stages are fused into one component; no value passes through the host.
    Fused,
    /// The host passes a value of a type known at compile time.
    Typed,
    /// The host passes the elements of a stream as they are written.
    Streamed,
    /// The host passes a value of any type.
    Dynamic,
}

/// A lane and the reason for choosing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LaneChoice {
    pub(super) lane: Lane,
    pub(super) reason: String,
}

impl Lane {
    /// The name of the lane.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Typed => "typed",
            Self::Streamed => "streamed",
            Self::Dynamic => "dynamic",
        }
    }
}

impl Default for LaneChoice {
    fn default() -> Self {
        Self {
            lane: Lane::Dynamic,
            reason: String::new(),
        }
    }
}

/// Chooses a lane for every edge.
pub(super) fn choose_lanes(stages: &[Stage], edges: &mut [Edge]) {
    let planned: Vec<LaneChoice> = edges
        .iter()
        .map(|edge| choose_lane(stages, edges, edge))
        .collect();
    for (edge, planned) in edges.iter_mut().zip(planned) {
        edge.lane_choice = planned;
    }
}

/// Returns the longest chains of stages joined by fused edges.
pub(super) fn segments(edges: &[Edge], order: &[usize]) -> Vec<Vec<usize>> {
    let next = |stage: usize| {
        edges
            .iter()
            .find(|edge| edge.from == stage && edge.lane() == Lane::Fused)
    };
    let is_first = |stage: &usize| {
        !edges
            .iter()
            .any(|edge| edge.to == *stage && edge.lane() == Lane::Fused)
    };
    let firsts = order
        .iter()
        .copied()
        .filter(|stage| is_first(stage) && next(*stage).is_some());
    let chain = |first| {
        std::iter::successors(Some(first), |stage| next(*stage).map(|edge| edge.to)).collect()
    };
    firsts.map(chain).collect()
}

fn choose_lane(stages: &[Stage], edges: &[Edge], edge: &Edge) -> LaneChoice {
    let (from, to) = (&stages[edge.from], &stages[edge.to]);
    if ElementType::from_stream(&to.inputs()[edge.param].ty).is_some() {
        let reason = "elements pass as they are written, at the speed of the reader".into();
        return LaneChoice {
            lane: Lane::Streamed,
            reason,
        };
    }
    let Some(obstacle) = fusing_obstacle(edges, edge, from, to) else {
        let reason = "a direct connection between stages that cannot use capabilities".into();
        return LaneChoice {
            lane: Lane::Fused,
            reason,
        };
    };
    match typing_obstacle(edge, from, to) {
        None => LaneChoice {
            lane: Lane::Typed,
            reason: obstacle,
        },
        Some(other) => LaneChoice {
            lane: Lane::Dynamic,
            reason: format!("{obstacle}; {other}"),
        },
    }
}

/// The reason two stages cannot be fused, if there is one.
fn fusing_obstacle(edges: &[Edge], edge: &Edge, from: &Stage, to: &Stage) -> Option<String> {
    let wanted = &to.inputs()[edge.param].ty;
    let count = |wanted: &dyn Fn(&Edge) -> bool| edges.iter().filter(|edge| wanted(edge)).count();
    if edge.output_port == OutputPort::Error {
        return Some("it carries errors".into());
    }
    if edge.filter != EdgeFilter::Always {
        return Some("only some items take it".into());
    }
    if edge.ty != *wanted {
        return Some("the types differ, and the value is converted".into());
    }
    if edge
        .ty
        .any_part(&|ty| matches!(ty, Type::List(item) if **item == Type::U8))
    {
        return Some("bytes pass faster through the host".into());
    }
    if count(&|other| other.from == edge.from) != 1 || count(&|other| other.to == edge.to) != 1 {
        return Some("several edges meet there".into());
    }
    if to.inputs().len() != 1 {
        return Some(format!("`{}` has other inputs", to.name()));
    }
    if from.is_source() {
        return Some(format!("`{}` is a source", from.name()));
    }
    if from.is_fallible() {
        return Some(format!("`{}` can return an error", from.name()));
    }
    if let Some(stage) = [from, to].into_iter().find(|stage| stage.has_streams()) {
        return Some(format!("a stream passes through `{}`", stage.name()));
    }
    sharing_obstacle(from).or_else(|| sharing_obstacle(to))
}

/// The reason a stage cannot share a store with another, if there is one.
fn sharing_obstacle(stage: &Stage) -> Option<String> {
    let (component, options) = (stage.component(), stage.options());
    if component.instancing() == Some(Instancing::Stateful) {
        return Some(format!("`{}` is stateful", stage.name()));
    }
    if !needs_no_grants(component.requested(), component.world()) {
        return Some(format!("`{}` may use capabilities", stage.name()));
    }
    let is_plain = options.concurrency_max() == 1
        && options.queue_capacity() == super::StageOptions::DEFAULT_QUEUE_MAX
        && options.deadline.is_none()
        && options.retry.is_none()
        && options
            .on_error
            .is_none_or(|action| action == OnError::Fail)
        && options.failure_action() == OnError::Fail;
    (!is_plain).then(|| format!("`{}` has non-default options", stage.name()))
}

fn needs_no_grants(requested: &RequestedCapabilities, world: &World) -> bool {
    let is_contained = |path: &str| {
        known_interface(path).is_some_and(|known| known.effect == InterfaceEffect::Contained)
    };
    match requested {
        RequestedCapabilities::Listed(requests) => requests.is_empty(),
        RequestedCapabilities::Unlisted => {
            world.imports.functions.is_empty()
                && world
                    .imports
                    .interfaces
                    .iter()
                    .all(|interface| is_contained(interface.name.path()))
        }
    }
}

/// The reason the host must inspect the types of a call at run time, if there is one.
fn typing_obstacle(edge: &Edge, from: &Stage, to: &Stage) -> Option<String> {
    if edge.ty != to.inputs()[edge.param].ty {
        return Some("the value is converted".into());
    }
    let strange = [from, to]
        .into_iter()
        .find(|stage| PlainSignature::from_function(stage.function()).is_none())?;
    Some(format!(
        "the signature of `{}` has no typed lane",
        strange.name()
    ))
}
