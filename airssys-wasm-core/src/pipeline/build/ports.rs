//! The port of a stage that a text names.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::edge::FromPort;
use super::super::field::hint;
use super::super::{PipelineProblem, ProblemKind, Stage};
use super::written::Mention;
use crate::world::Type;

/// Returns the output port that a reference names, with the type of its items.
pub(super) fn giving<'a>(
    stage: &'a Stage,
    mention: &Mention,
) -> Result<(FromPort, &'a Type), PipelineProblem> {
    let problem = |kind, what| PipelineProblem::new(kind, &mention.place, what);
    let nothing = |word: &str| {
        problem(
            ProblemKind::Port,
            format!("stage `{}` has no {word}", stage.name()),
        )
        .with("type", stage.function().signature())
    };
    match mention.port.as_str() {
        "output" => stage
            .output()
            .map(|ty| (FromPort::Output, ty))
            .ok_or_else(|| nothing("output")),
        "error" => stage
            .error()
            .map(|ty| (FromPort::Error, ty))
            .ok_or_else(|| nothing("error port")),
        port if port == "input" || param(stage, port).is_some() => {
            let what = format!(
                "`{}` is an input, but an edge starts at an output",
                mention.text
            );
            Err(problem(ProblemKind::Direction, what)
                .hint(format!("write `{}.output`", stage.name())))
        }
        port => Err(problem(
            ProblemKind::Port,
            format!("stage `{}` has no output `{port}`", stage.name()),
        )
        .with("type", stage.function().signature())
        .hint(hint(port, given(stage)))),
    }
}

/// Returns the index of the parameter that a reference names.
pub(super) fn taking(stage: &Stage, mention: &Mention) -> Result<usize, PipelineProblem> {
    let problem = |kind, what| PipelineProblem::new(kind, &mention.place, what);
    let port = mention.port.as_str();
    if let Some(place) = param(stage, port) {
        return Ok(place);
    }
    match (port, stage.inputs()) {
        ("output" | "error", _) => {
            let what = format!(
                "`{}` is an output, but an edge ends at an input",
                mention.text
            );
            Err(problem(ProblemKind::Direction, what)
                .hint(format!("write `{}.input`", stage.name())))
        }
        (_, []) => {
            let what = format!("stage `{}` has no inputs: it is a source", stage.name());
            Err(problem(ProblemKind::Port, what).with("type", stage.function().signature()))
        }
        ("input", [_]) => Ok(0),
        _ => {
            let what = format!("stage `{}` has no input `{port}`", stage.name());
            let names = stage
                .inputs()
                .iter()
                .map(|param| param.name.as_str())
                .collect();
            Err(problem(ProblemKind::Port, what)
                .with("type", stage.function().signature())
                .hint(hint(port, names)))
        }
    }
}

fn param(stage: &Stage, name: &str) -> Option<usize> {
    stage.inputs().iter().position(|param| param.name == name)
}

fn given(stage: &Stage) -> Vec<&'static str> {
    let output = stage.output().map(|_| "output");
    output
        .into_iter()
        .chain(stage.error().map(|_| "error"))
        .collect()
}
