//! The exported function that each stage calls.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::super::builder::StageDraft;
use super::super::{PipelineBuilder, PipelineProblem, ProblemKind, Stage};
use super::Problems;
use super::references::{PortReference, PortReferences};
use crate::FunctionName;
use crate::world::{ElementType, Function, Type};

/// Prefix of the interfaces that the host calls itself; a function of these is a stage only if it
/// is named.
const HOST_CALLS: &str = "airssys:lifecycle/";

/// Returns the stages, with `None` for each that is not valid.
pub(super) fn resolve_stages(
    draft: &PipelineBuilder,
    written: &PortReferences,
    problems: &mut Problems,
) -> Vec<Option<Stage>> {
    let stage = |(index, draft): (usize, &StageDraft)| {
        let function = resolve_function(index, draft, written, problems)?;
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
    draft.stages.iter().enumerate().map(stage).collect()
}

fn resolve_function<'a>(
    index: usize,
    draft: &'a StageDraft,
    written: &PortReferences,
    problems: &mut Problems,
) -> Option<&'a Function> {
    let mut said_wrongly = false;
    let mut found: Option<&Function> = None;
    for (place, name) in named_functions(index, draft, written) {
        match (lookup(draft, &place, name), found) {
            (Ok(function), None) => found = Some(function),
            (Ok(function), Some(first)) if function.name == first.name => {}
            (Ok(function), Some(first)) => {
                problems.push(conflicting_functions(draft, place, first, function))
            }
            (Err(problem), _) => {
                said_wrongly = true;
                problems.push(problem);
            }
        }
    }
    match (found, only_function(draft)) {
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
pub(super) fn names_same_function(stage: &Stage, mention: &PortReference) -> bool {
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
fn named_functions<'a>(
    index: usize,
    draft: &'a StageDraft,
    written: &'a PortReferences,
) -> impl Iterator<Item = (String, &'a str)> {
    let option = draft
        .options
        .function
        .as_deref()
        .map(|name| (format!("stage `{}`", draft.name), name));
    let ports = written.for_stage(index);
    option
        .into_iter()
        .chain(ports.filter_map(|port| Some((port.place.clone(), port.function.as_deref()?))))
}

fn lookup<'a>(
    draft: &'a StageDraft,
    place: &str,
    name: &str,
) -> Result<&'a Function, PipelineProblem> {
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

fn conflicting_functions(
    draft: &StageDraft,
    place: String,
    first: &Function,
    second: &Function,
) -> PipelineProblem {
    let what = format!(
        "stage `{}` calls `{}` elsewhere, but `{}` here",
        draft.name, first.name, second.name
    );
    PipelineProblem::new(ProblemKind::ConflictingFunctions, place, what).with_hint(
        "a stage calls one function; add the component again as a stage with another name",
    )
}

/// Returns the only function that a component exports.
fn only_function(draft: &StageDraft) -> Result<&Function, PipelineProblem> {
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
            let option = draft.origin.option_name("function");
            let hint = format!("set {option}, or name the function in a port: `{example}`");
            Err(problem.with_detail("has", names.join(", ")).with_hint(hint))
        }
    }
}

fn check_types(draft: &StageDraft, function: &Function) -> Result<(), PipelineProblem> {
    let foreign = |ty: &Type| {
        ty.any_part(&|ty| {
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
    let is_carried = |(port, ty): (PortKind, &Type)| {
        port == PortKind::Value && ElementType::from_stream(ty).is_some()
    };
    match port_types(function)
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
            Err(problem
                .with_detail("type", function.signature())
                .with_hint(carried_types_hint()))
        }
    }
}

/// The kind of port that a type belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PortKind {
    /// An input or the output.
    Value,
    Error,
}

/// Returns the types that have ports of their own. A stream nested in another type does not.
fn port_types(function: &Function) -> impl Iterator<Item = (PortKind, &Type)> {
    let (ok, err) = match &function.result {
        Some(Type::Result { ok, err }) => (ok.as_deref(), err.as_deref()),
        plain => (plain.as_ref(), None),
    };
    let values = function.params.iter().map(|param| &param.ty).chain(ok);
    values
        .map(|ty| (PortKind::Value, ty))
        .chain(err.map(|ty| (PortKind::Error, ty)))
}

fn carried_types_hint() -> String {
    let elements: Vec<String> = ElementType::ALL
        .into_iter()
        .map(|element| format!("`{}`", element.to_type()))
        .collect();
    format!(
        "pass values or streams of {}; edges carry no resource handles, futures or other streams",
        elements.join(", ")
    )
}
