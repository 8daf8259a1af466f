//! The exported function that each stage calls.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::builder::Draft;
use super::super::{PipelineBuilder, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::written::{Mention, Written};
use crate::FunctionName;
use crate::world::{Element, Function, Type};

/// Prefix of the interfaces that the host calls itself; a function of these is a stage only if it
/// is named.
const HOST_CALLS: &str = "airssys:lifecycle/";

/// Returns the stages, with `None` for each that is not valid.
pub(super) fn stages(
    draft: &PipelineBuilder,
    written: &Written,
    problems: &mut Problems,
) -> Vec<Option<Stage>> {
    let stage = |(index, draft): (usize, &Draft)| {
        let function = function(index, draft, written, problems)?;
        match check_types(draft, function) {
            Ok(()) => Some(Stage::new(
                &draft.name,
                &draft.component,
                function,
                &draft.options,
            )),
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    };
    draft.drafts.iter().enumerate().map(stage).collect()
}

fn function<'a>(
    index: usize,
    draft: &'a Draft,
    written: &Written,
    problems: &mut Problems,
) -> Option<&'a Function> {
    let mut said_wrongly = false;
    let mut found: Option<&Function> = None;
    for (place, name) in said(index, draft, written) {
        match (lookup(draft, &place, name), found) {
            (Ok(function), None) => found = Some(function),
            (Ok(function), Some(first)) if function.name == first.name => {}
            (Ok(function), Some(first)) => {
                problems.push(two_functions(draft, place, first, function))
            }
            (Err(problem), _) => {
                said_wrongly = true;
                problems.push(problem);
            }
        }
    }
    match (found, only(draft)) {
        (Some(found), _) => Some(found),
        (None, Ok(only)) => Some(only),
        (None, Err(problem)) => {
            // An unknown name has been reported already.
            problems.extend((!said_wrongly).then_some(problem));
            None
        }
    }
}

/// Returns `true` if a port refers to the function of its stage.
pub(super) fn agrees(stage: &Stage, mention: &Mention) -> bool {
    let found = |name: &str| {
        let name = name.parse::<FunctionName>().ok()?;
        stage.component().world().function(&name).ok()
    };
    match &mention.function {
        None => true,
        Some(name) => found(name).is_some_and(|function| function.name == stage.function().name),
    }
}

/// Returns the places that name a function of the stage, and the names.
fn said<'a>(
    index: usize,
    draft: &'a Draft,
    written: &'a Written,
) -> impl Iterator<Item = (String, &'a str)> {
    let option = draft
        .options
        .function
        .as_deref()
        .map(|name| (format!("stage `{}`", draft.name), name));
    let ports = written.of_stage(index);
    option
        .into_iter()
        .chain(ports.filter_map(|port| Some((port.place.clone(), port.function.as_deref()?))))
}

fn lookup<'a>(draft: &'a Draft, place: &str, name: &str) -> Result<&'a Function, PipelineProblem> {
    let failed = |what: String| PipelineProblem::new(ProblemKind::Function, place, what);
    let name: FunctionName = name
        .parse()
        .map_err(|error: crate::FunctionNameError| failed(error.to_string()))?;
    let found = draft.component.world().function(&name);
    let own = format!("stage `{}`", draft.name);
    found.map_err(|error| {
        failed(if place == own {
            error.to_string()
        } else {
            format!("{own}: {error}")
        })
    })
}

fn two_functions(
    draft: &Draft,
    place: String,
    first: &Function,
    second: &Function,
) -> PipelineProblem {
    let what = format!(
        "stage `{}` calls `{}` elsewhere, but `{}` here",
        draft.name, first.name, second.name
    );
    PipelineProblem::new(ProblemKind::TwoFunctions, place, what)
        .hint("a stage calls one function; add the component again as a stage with another name")
}

/// Returns the only function that a component exports.
fn only(draft: &Draft) -> Result<&Function, PipelineProblem> {
    let is_hosts = |function: &Function| {
        function
            .name
            .interface()
            .is_some_and(|interface| interface.starts_with(HOST_CALLS))
    };
    let functions: Vec<&Function> = draft
        .component
        .world()
        .exports
        .all_functions()
        .filter(|function| !is_hosts(function))
        .collect();
    let failed = |what| {
        PipelineProblem::new(
            ProblemKind::Function,
            format!("stage `{}`", draft.name),
            what,
        )
    };
    match functions[..] {
        [function] => Ok(function),
        [] => Err(failed("the component exports no function to call")),
        [first, ..] => {
            let names: Vec<String> = functions
                .iter()
                .map(|function| format!("`{}`", function.name))
                .collect();
            let problem = failed("the component exports several functions, and none is selected");
            let example = format!("{}.{}.output", draft.name, first.name.function());
            let option = draft.form.option("function");
            let hint = format!("set {option}, or name the function in a port: `{example}`");
            Err(problem.with("has", names.join(", ")).hint(hint))
        }
    }
}

fn check_types(draft: &Draft, function: &Function) -> Result<(), PipelineProblem> {
    let foreign = |ty: &Type| {
        ty.any(&|ty| {
            matches!(
                ty,
                Type::Own(_)
                    | Type::Borrow(_)
                    | Type::Stream(_)
                    | Type::Future(_)
                    | Type::ErrorContext
            )
        })
    };
    let is_carried =
        |(port, ty): (Port, &Type)| port == Port::Value && Element::of_stream(ty).is_some();
    match ports(function)
        .find(|(port, ty)| foreign(ty) && !is_carried((*port, ty)))
        .map(|(_, ty)| ty)
    {
        None => Ok(()),
        Some(ty) => {
            let what = format!(
                "`{}` cannot be a stage: `{ty}` is bound to one instance",
                function.name
            );
            let problem = PipelineProblem::new(
                ProblemKind::NotAStage,
                format!("stage `{}`", draft.name),
                what,
            );
            Err(problem.with("type", function.signature()).hint(carried()))
        }
    }
}

/// The kind of port that a type belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    /// An input or the output.
    Value,
    Error,
}

/// Returns the types that have ports of their own. A stream nested in another type does not.
fn ports(function: &Function) -> impl Iterator<Item = (Port, &Type)> {
    let (ok, err) = match &function.result {
        Some(Type::Result { ok, err }) => (ok.as_deref(), err.as_deref()),
        plain => (plain.as_ref(), None),
    };
    let values = function.params.iter().map(|param| &param.ty).chain(ok);
    values
        .map(|ty| (Port::Value, ty))
        .chain(err.map(|ty| (Port::Error, ty)))
}

fn carried() -> String {
    let elements: Vec<String> = Element::ALL
        .into_iter()
        .map(|element| format!("`{}`", element.ty()))
        .collect();
    format!(
        "pass values or streams of {}; edges carry no resource handles, futures or other streams",
        elements.join(", ")
    )
}
