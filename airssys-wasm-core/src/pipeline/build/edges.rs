//! The edges between stages: types at both ends, and the items that take an edge.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::definition::PipelineDefinition;
use super::super::edge::{Edge, FromPort, Route};
use super::super::plan::Planned;
use super::super::{Condition, FieldPath, PipelineProblem, ProblemKind, Share, Stage};
use super::Problems;
use super::functions::agrees;
use super::ports::{giving, taking};
use super::written::{Link, Mention, Rule, Written};
use crate::bounds::HINTS_MAX;
use crate::world::{Element, FlowMismatch, FlowReason, Type};

/// Returns the edges between valid stages and reports duplicates.
pub(super) fn edges(
    said: &PipelineDefinition,
    written: &Written,
    stages: &[Option<Stage>],
    problems: &mut Problems,
) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::with_capacity(said.connect.len());
    for link in &written.links {
        let Some(edge) = edge(link, stages, problems) else {
            continue;
        };
        let same = |other: &Edge| {
            (other.from, other.from_port, other.to, other.param)
                == (edge.from, edge.from_port, edge.to, edge.param)
        };
        if edges.iter().any(same) {
            let problem =
                PipelineProblem::new(ProblemKind::EdgeTwice, &link.place, "the edge exists twice");
            problems.push(problem.hint("remove one; each item would arrive twice"));
        } else {
            edges.push(edge);
        }
    }
    edges
}

fn edge(link: &Link, stages: &[Option<Stage>], problems: &mut Problems) -> Option<Edge> {
    let stage_of = |mention| {
        let stage = of_mention(stages, mention)?;
        Some((mention, stage))
    };
    let giver = link.from.as_ref().and_then(stage_of);
    let giver = giver.and_then(|(mention, stage)| {
        let (port, ty) = giving(stage, mention)
            .map_err(|problem| problems.push(problem))
            .ok()?;
        Some((mention.stage, port, ty))
    });
    let taker = link.to.as_ref().and_then(stage_of);
    let taker = taker.and_then(|(mention, stage)| {
        let place = taking(stage, mention)
            .map_err(|problem| problems.push(problem))
            .ok()?;
        Some((mention.stage, place, &stage.inputs()[place].ty))
    });
    let route = giver.and_then(|(_, _, ty)| {
        route(link, ty)
            .map_err(|problem| problems.push(problem))
            .ok()
    });
    let ((from, from_port, ty), (to, param, wanted)) = (giver?, taker?);
    if let Err(mismatch) = crosses(ty, wanted) {
        let look = || nearest_fit(stages, (from, from_port, ty), (to, param, wanted));
        let near = if problems.len() < HINTS_MAX {
            look()
        } else {
            None
        };
        problems.push(misfit(link, ty, wanted, &mismatch, near));
    }
    let planned = Planned::default();
    Some(Edge {
        from,
        from_port,
        to,
        param,
        ty: ty.clone(),
        route: route.unwrap_or(Route::Always),
        planned,
    })
}

/// Returns the stage of a port, unless the port names another function of the component.
pub(super) fn of_mention<'a>(stages: &'a [Option<Stage>], mention: &Mention) -> Option<&'a Stage> {
    stages
        .get(mention.stage)?
        .as_ref()
        .filter(|stage| agrees(stage, mention))
}

fn route(link: &Link, ty: &Type) -> Result<Route, PipelineProblem> {
    match &link.rule {
        Rule::Always => Ok(Route::Always),
        Rule::When(text) => Condition::new(text, ty).map(Route::When).map_err(|error| {
            PipelineProblem::new(
                ProblemKind::Condition,
                &link.place,
                "the condition is not valid",
            )
            .with("why", error.to_string())
            .with("from", ty.to_string())
        }),
        Rule::Share {
            group,
            by,
            place,
            targets,
        } => {
            let path = by
                .parse::<FieldPath>()
                .and_then(|path| path.type_in(ty).map(|_| path.clone()));
            let by = path.map_err(|error| {
                let what = format!("items have no key `{by}`");
                PipelineProblem::new(ProblemKind::Key, &link.place, what)
                    .with("why", error.to_string())
                    .with("from", ty.to_string())
            })?;
            Ok(Route::Share(Share {
                group: *group,
                by,
                place: *place,
                targets: *targets,
            }))
        }
    }
}

/// Checks that values of `ty` can enter a port of type `wanted`, either unchanged or as a list
/// whose elements become a stream.
fn crosses(ty: &Type, wanted: &Type) -> Result<(), FlowMismatch> {
    match (Element::of_list(ty), Element::of_stream(wanted)) {
        (Some(given), Some(wanted)) if given == wanted => Ok(()),
        _ => ty.flows_into(wanted),
    }
}

fn misfit(
    link: &Link,
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
        FlowReason::FieldMissing(_) => "put a stage between them that adds the field",
        FlowReason::CaseMissing(_) => "put a stage between them that maps it to a known case",
        _ if Element::of_stream(ty)
            .is_some_and(|element| Element::of_list(wanted) == Some(element)) =>
        {
            "set the number of elements per call: `per_chunk` (`per-chunk` in TOML)"
        }
        _ => "put a stage between them that converts one into the other",
    };
    PipelineProblem::new(ProblemKind::Types, &link.place, "the types do not match")
        .with("from", ty.to_string())
        .with("to", wanted.to_string())
        .with("why", why(mismatch))
        .maybe("near", near)
        .hint(hint)
}

/// Returns the place of the mismatch and the difference there; the report shows the whole types
/// above it.
fn why(mismatch: &FlowMismatch) -> String {
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
fn nearest_fit(
    stages: &[Option<Stage>],
    (from, port, ty): (usize, FromPort, &Type),
    (to, param, wanted): (usize, usize, &Type),
) -> Option<String> {
    let giver = stages.get(from)?.as_ref()?;
    let others = [
        (FromPort::Output, giver.output()),
        (FromPort::Error, giver.error()),
    ];
    let other_giving = others.into_iter().find_map(|(other, ty)| {
        let fits = other != port && ty?.flows_into(wanted).is_ok();
        fits.then(|| format!("`{}.{}` would fit there", giver.name(), other.word()))
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
