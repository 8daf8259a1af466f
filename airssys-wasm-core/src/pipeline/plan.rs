//! How values cross an edge.
//!
//! Chooses by types, requests and options alone. What is granted is the host's to know:
//! it fuses no stages whose grants differ.
//! Tests: `tests/pipeline`.

use super::edge::{Edge, FromPort, Route};
use super::{OnError, Stage};
use crate::Instancing;
use crate::policy::Requested;
use crate::world::{Element, Signature, Type, World};

/// How values cross an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// The two stages become one component; no value passes through the host.
    Fused,
    /// The host passes a value of a type that it knows ahead.
    Typed,
    /// The host passes the elements of a stream as they are written.
    Streamed,
    /// The host passes a value of any type.
    Dynamic,
}

/// A lane, and why it is that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) lane: Lane,
    pub(super) reason: String,
}

/// Interfaces by which a component reaches nothing that is granted.
const HARMLESS: [&str; 13] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/",
    "wasi:io/",
    "wasi:random/",
];

impl Lane {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Typed => "typed",
            Self::Streamed => "streamed",
            Self::Dynamic => "dynamic",
        }
    }
}

impl Default for Planned {
    fn default() -> Self {
        Self {
            lane: Lane::Dynamic,
            reason: String::new(),
        }
    }
}

/// Chooses a lane for every edge.
pub(super) fn lanes(stages: &[Stage], edges: &mut [Edge]) {
    let planned: Vec<Planned> = edges
        .iter()
        .map(|edge| planned(stages, edges, edge))
        .collect();
    for (edge, planned) in edges.iter_mut().zip(planned) {
        edge.planned = planned;
    }
}

/// The longest chains of stages that fused edges join.
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

fn planned(stages: &[Stage], edges: &[Edge], edge: &Edge) -> Planned {
    let (from, to) = (&stages[edge.from], &stages[edge.to]);
    if Element::of_stream(&to.inputs()[edge.param].ty).is_some() {
        let reason = "elements pass as they are written, no faster than they are read".into();
        return Planned {
            lane: Lane::Streamed,
            reason,
        };
    }
    let Some(obstacle) = no_fusing(edges, edge, from, to) else {
        let reason = "one after the other, and neither reaches anything outside itself".into();
        return Planned {
            lane: Lane::Fused,
            reason,
        };
    };
    match no_typing(edge, from, to) {
        None => Planned {
            lane: Lane::Typed,
            reason: obstacle,
        },
        Some(other) => Planned {
            lane: Lane::Dynamic,
            reason: format!("{obstacle}; {other}"),
        },
    }
}

/// Why two stages cannot become one component.
fn no_fusing(edges: &[Edge], edge: &Edge, from: &Stage, to: &Stage) -> Option<String> {
    let wanted = &to.inputs()[edge.param].ty;
    let count = |wanted: &dyn Fn(&Edge) -> bool| edges.iter().filter(|edge| wanted(edge)).count();
    if edge.from_port == FromPort::Error {
        return Some("errors leave the call".into());
    }
    if edge.route != Route::Always {
        return Some("only some items take it".into());
    }
    if edge.ty != *wanted {
        return Some("the types differ, and the value is converted".into());
    }
    if edge
        .ty
        .any(&|ty| matches!(ty, Type::List(item) if **item == Type::U8))
    {
        return Some("bytes pass faster through the host".into());
    }
    if count(&|other| other.from == edge.from) != 1 || count(&|other| other.to == edge.to) != 1 {
        return Some("more than one edge meets there".into());
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
    no_joining(from).or_else(|| no_joining(to))
}

/// Why a stage cannot share a store with another.
fn no_joining(stage: &Stage) -> Option<String> {
    let (component, options) = (stage.component(), stage.options());
    if component.instancing() == Some(Instancing::Stateful) {
        return Some(format!("`{}` is stateful", stage.name()));
    }
    if !reaches_nothing(component.requested(), component.world()) {
        return Some(format!(
            "`{}` may reach something outside itself",
            stage.name()
        ));
    }
    let is_plain = options.concurrency_max() == 1
        && options.queue() == super::StageOptions::QUEUE_MAX
        && options.deadline.is_none()
        && options.retry.is_none()
        && options
            .on_error
            .is_none_or(|action| action == OnError::Fail)
        && options.failure_action() == OnError::Fail;
    (!is_plain).then(|| format!("`{}` has options of its own", stage.name()))
}

fn reaches_nothing(requested: &Requested, world: &World) -> bool {
    let is_harmless = |name: &str| {
        HARMLESS.iter().any(|known| match known.strip_suffix('/') {
            Some(_) => name.starts_with(known),
            None => name == *known,
        })
    };
    match requested {
        Requested::These(requests) => requests.is_empty(),
        Requested::Anything => {
            world.imports.functions.is_empty()
                && world
                    .imports
                    .interfaces
                    .iter()
                    .all(|interface| is_harmless(interface.name.path()))
        }
    }
}

/// Why the host has to look at the types of a call while it runs.
fn no_typing(edge: &Edge, from: &Stage, to: &Stage) -> Option<String> {
    if edge.ty != to.inputs()[edge.param].ty {
        return Some("the value is converted".into());
    }
    let strange = [from, to]
        .into_iter()
        .find(|stage| Signature::of(stage.function()).is_none())?;
    Some(format!(
        "the signature of `{}` is not one of the plain ones",
        strange.name()
    ))
}
