//! The edges between stages: types at both ends, and the items that take an edge.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::definition::PipelineDefinition;
use super::super::edge::{Edge, EdgeFilter, OutputPort};
use super::super::plan::LaneChoice;
use super::super::{Condition, FieldPath, PartitionShare, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::functions::names_same_function;
use super::ports::{resolve_input, resolve_output};
use super::references::{EdgeReference, EdgeRule, PortReference, PortReferences};
use crate::bounds::HINTS_MAX;
use crate::world::{ElementType, FlowMismatch, FlowReason, Type};

/// Returns the edges between valid stages and reports duplicates.
pub(super) fn build_edges(
    said: &PipelineDefinition,
    written: &PortReferences,
    stages: &[Option<Stage>],
    problems: &mut Problems,
) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::with_capacity(said.connect.len());
    for link in &written.links {
        let Some(edge) = build_edge(link, stages, problems) else {
            continue;
        };
        let same = |other: &Edge| {
            (other.from, other.output_port, other.to, other.param)
                == (edge.from, edge.output_port, edge.to, edge.param)
        };
        if edges.iter().any(same) {
            let problem = PipelineProblem::new(
                ProblemKind::DuplicateEdge,
                &link.place,
                "the edge exists twice",
            );
            problems.push(problem.with_hint("remove one; each item would arrive twice"));
        } else {
            edges.push(edge);
        }
    }
    edges
}

fn build_edge(
    link: &EdgeReference,
    stages: &[Option<Stage>],
    problems: &mut Problems,
) -> Option<Edge> {
    let stage_of = |mention| {
        let stage = referenced_stage(stages, mention)?;
        Some((mention, stage))
    };
    let giver = link.from.as_ref().and_then(stage_of);
    let giver = giver.and_then(|(mention, stage)| {
        let (port, ty) = resolve_output(stage, mention)
            .map_err(|problem| problems.push(problem))
            .ok()?;
        Some((mention.stage, port, ty))
    });
    let taker = link.to.as_ref().and_then(stage_of);
    let taker = taker.and_then(|(mention, stage)| {
        let place = resolve_input(stage, mention)
            .map_err(|problem| problems.push(problem))
            .ok()?;
        Some((mention.stage, place, &stage.inputs()[place].ty))
    });
    let route = giver.and_then(|(_, _, ty)| {
        build_filter(link, ty)
            .map_err(|problem| problems.push(problem))
            .ok()
    });
    let ((from, from_port, ty), (to, param, wanted)) = (giver?, taker?);
    if let Err(mismatch) = check_types(ty, wanted) {
        let look = || suggest_port(stages, (from, from_port, ty), (to, param, wanted));
        let near = if problems.len() < HINTS_MAX {
            look()
        } else {
            None
        };
        problems.push(type_problem(link, ty, wanted, &mismatch, near));
    }
    let planned = LaneChoice::default();
    Some(Edge {
        from,
        output_port: from_port,
        to,
        param,
        ty: ty.clone(),
        filter: route.unwrap_or(EdgeFilter::Always),
        lane_choice: planned,
    })
}

/// Returns the stage of a port, unless the port names another function of the component.
pub(super) fn referenced_stage<'a>(
    stages: &'a [Option<Stage>],
    mention: &PortReference,
) -> Option<&'a Stage> {
    stages
        .get(mention.stage)?
        .as_ref()
        .filter(|stage| names_same_function(stage, mention))
}

fn build_filter(link: &EdgeReference, ty: &Type) -> Result<EdgeFilter, PipelineProblem> {
    match &link.rule {
        EdgeRule::Always => Ok(EdgeFilter::Always),
        EdgeRule::When(text) => Condition::new(text, ty)
            .map(EdgeFilter::When)
            .map_err(|error| {
                PipelineProblem::new(
                    ProblemKind::Condition,
                    &link.place,
                    "the condition is not valid",
                )
                .with_detail("why", error.to_string())
                .with_detail("from", ty.to_string())
            }),
        EdgeRule::Share {
            group,
            by,
            index: place,
            targets,
        } => {
            let path = by
                .parse::<FieldPath>()
                .and_then(|path| path.type_in(ty).map(|_| path.clone()));
            let by = path.map_err(|error| {
                let what = format!("items have no key `{by}`");
                PipelineProblem::new(ProblemKind::Key, &link.place, what)
                    .with_detail("why", error.to_string())
                    .with_detail("from", ty.to_string())
            })?;
            Ok(EdgeFilter::Partition(PartitionShare {
                partition: *group,
                by,
                index: *place,
                targets: *targets,
            }))
        }
    }
}

/// Checks that values of `ty` can enter a port of type `wanted`, either unchanged or as a list
/// whose elements become a stream.
fn check_types(ty: &Type, wanted: &Type) -> Result<(), FlowMismatch> {
    match (ElementType::from_list(ty), ElementType::from_stream(wanted)) {
        (Some(given), Some(wanted)) if given == wanted => Ok(()),
        _ => ty.flows_into(wanted),
    }
}

fn type_problem(
    link: &EdgeReference,
    ty: &Type,
    wanted: &Type,
    mismatch: &FlowMismatch,
    near: Option<String>,
) -> PipelineProblem {
    let hint = match mismatch.reason() {
        FlowReason::RequiredIntoOptional => "put a stage between them that makes it `some`",
        FlowReason::OptionalIntoRequired => {
            "put a stage between them that supplies a value for `none`"
        }
        FlowReason::ResultIntoValue => "put a stage between them that unwraps the result",
        FlowReason::MissingField(_) => "put a stage between them that adds the field",
        FlowReason::UnknownCase(_) => "put a stage between them that maps it to a known case",
        _ if ElementType::from_stream(ty)
            .is_some_and(|element| ElementType::from_list(wanted) == Some(element)) =>
        {
            "set the number of elements per call: `per_chunk` (`per-chunk` in TOML)"
        }
        _ => "put a stage between them that converts one into the other",
    };
    PipelineProblem::new(ProblemKind::Types, &link.place, "the types do not match")
        .with_detail("from", ty.to_string())
        .with_detail("to", wanted.to_string())
        .with_detail("why", mismatch_text(mismatch))
        .with_optional_detail("near", near)
        .with_hint(hint)
}

/// Returns the place of the mismatch and the difference there; the report shows the whole types
/// above it.
fn mismatch_text(mismatch: &FlowMismatch) -> String {
    const SHOWN_MAX: usize = 60;
    let short = |ty: &Type| {
        let text = ty.to_string();
        let cut: String = text.chars().take(SHOWN_MAX).collect();
        if cut == text { text } else { cut + "…" }
    };
    match mismatch.path() {
        [] => mismatch.reason().to_string(),
        path => {
            let (from, to) = (short(mismatch.from_type()), short(mismatch.to_type()));
            format!(
                "at `{}`: `{from}` into `{to}`: {}",
                path.join("."),
                mismatch.reason()
            )
        }
    }
}

/// Suggests another port that would fit one of the two, preferring ports of the two stages.
fn suggest_port(
    stages: &[Option<Stage>],
    (from, port, ty): (usize, OutputPort, &Type),
    (to, param, wanted): (usize, usize, &Type),
) -> Option<String> {
    let giver = stages.get(from)?.as_ref()?;
    let others = [
        (OutputPort::Output, giver.output()),
        (OutputPort::Error, giver.error()),
    ];
    let other_giving = others.into_iter().find_map(|(other, ty)| {
        let fits = other != port && ty?.flows_into(wanted).is_ok();
        fits.then(|| format!("`{}.{}` would fit there", giver.name(), other.as_str()))
    });
    let inputs_of = |index: usize| {
        let stage = stages.get(index)?.as_ref()?;
        let other = |place: &usize| (index, *place) != (to, param);
        let place = (0..stage.inputs().len())
            .filter(other)
            .find(|place| ty.flows_into(&stage.inputs()[*place].ty).is_ok())?;
        Some(format!(
            "`{}.{}` would accept it",
            stage.name(),
            stage.inputs()[place].name
        ))
    };
    let elsewhere = || {
        (0..stages.len())
            .filter(|index| *index != from && *index != to)
            .find_map(inputs_of)
    };
    inputs_of(to).or(other_giving).or_else(elsewhere)
}
