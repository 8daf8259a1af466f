//! The port of a stage that a text names.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::edge::OutputPort;
use super::super::field::name_hint;
use super::super::{PipelineProblem, ProblemKind, Stage};
use super::references::PortReference;
use crate::world::Type;

/// Returns the output port that a reference names, with the type of its items.
pub(super) fn resolve_output<'a>(
    stage: &'a Stage,
    mention: &PortReference,
) -> Result<(OutputPort, &'a Type), PipelineProblem> {
    let problem = |kind, what| PipelineProblem::new(kind, &mention.place, what);
    let nothing = |word: &str| {
        problem(
            ProblemKind::Port,
            format!("stage `{}` has no {word}", stage.name()),
        )
        .with_detail("type", stage.function().signature())
    };
    match mention.port.as_str() {
        "output" => stage
            .output()
            .map(|ty| (OutputPort::Output, ty))
            .ok_or_else(|| nothing("output")),
        "error" => stage
            .error()
            .map(|ty| (OutputPort::Error, ty))
            .ok_or_else(|| nothing("error port")),
        port if port == "input" || param_index(stage, port).is_some() => {
            let what = format!(
                "`{}` is an input, but an edge starts at an output",
                mention.text
            );
            Err(problem(ProblemKind::Direction, what)
                .with_hint(format!("write `{}.output`", stage.name())))
        }
        port => Err(problem(
            ProblemKind::Port,
            format!("stage `{}` has no output `{port}`", stage.name()),
        )
        .with_detail("type", stage.function().signature())
        .with_hint(name_hint(port, output_names(stage)))),
    }
}

/// Returns the index of the parameter that a reference names.
pub(super) fn resolve_input(
    stage: &Stage,
    mention: &PortReference,
) -> Result<usize, PipelineProblem> {
    let problem = |kind, what| PipelineProblem::new(kind, &mention.place, what);
    let port = mention.port.as_str();
    if let Some(place) = param_index(stage, port) {
        return Ok(place);
    }
    match (port, stage.inputs()) {
        ("output" | "error", _) => {
            let what = format!(
                "`{}` is an output, but an edge ends at an input",
                mention.text
            );
            Err(problem(ProblemKind::Direction, what)
                .with_hint(format!("write `{}.input`", stage.name())))
        }
        (_, []) => {
            let what = format!("stage `{}` has no inputs: it is a source", stage.name());
            Err(problem(ProblemKind::Port, what).with_detail("type", stage.function().signature()))
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
                .with_detail("type", stage.function().signature())
                .with_hint(name_hint(port, names)))
        }
    }
}

fn param_index(stage: &Stage, name: &str) -> Option<usize> {
    stage.inputs().iter().position(|param| param.name == name)
}

fn output_names(stage: &Stage) -> Vec<&'static str> {
    let output = stage.output().map(|_| "output");
    output
        .into_iter()
        .chain(stage.error().map(|_| "error"))
        .collect()
}
