//! Plans which value goes to which stage, and reports what cannot be fused.
//!
//! Generates no code.
//! Tests: `airssys-wasm-core/tests/fuse/refusals.rs`.

use super::FuseError;
use super::chain::{Chain, ChainStage};
use super::shape::Shape;
use crate::policy::RequestedCapabilities;
use crate::world::{Function, Param, Type};

/// A chain that can be fused.
pub(super) struct FusionPlan {
    pub(super) steps: Vec<ChainStep>,
    pub(super) params: Vec<Param>,
    pub(super) result: Option<Type>,
    pub(super) result_shape: Option<Shape>,
    /// `true` if the chain can end early, with a `result` that is not that of the last stage.
    pub(super) ends_early: bool,
}

/// The call of a stage.
pub(super) struct ChainStep {
    pub(super) function: Function,
    pub(super) params: Vec<Shape>,
    pub(super) result: Option<Shape>,
    /// `true` if only the `ok` payload is passed to the next stage.
    pub(super) unwraps_ok: bool,
}

/// Checks a chain and plans its calls.
pub(super) fn plan(chain: &Chain) -> Result<FusionPlan, FuseError> {
    if chain.stages.len() < 2 {
        return Err(FuseError::TooFewStages {
            stages: chain.stages.len(),
        });
    }
    if wasmparser::names::KebabStr::new(&chain.export).is_none() {
        return Err(FuseError::ExportName {
            name: chain.export.clone(),
        });
    }
    let mut steps = Vec::new();
    for (index, stage) in chain.stages.iter().enumerate() {
        steps.push(plan_step(index + 1, stage)?);
    }
    let error = connect_steps(&mut steps)?;
    let last = steps.last().and_then(|step| step.function.result.clone());
    let ends_early = error.is_some();
    let result = match error {
        None => last,
        Some(error) => Some(fallible_result(last, error)),
    };
    let shape = |ty| Shape::from_type(ty).expect("made of types that have a shape");
    let result_shape = result.as_ref().map(shape);
    let params = steps[0].function.params.clone();
    Ok(FusionPlan {
        steps,
        params,
        result,
        result_shape,
        ends_early,
    })
}

/// Returns the result type of a chain that can end early.
fn fallible_result(last: Option<Type>, error: Option<Box<Type>>) -> Type {
    match last {
        Some(Type::Result { ok, err }) => Type::Result { ok, err },
        plain => Type::Result {
            ok: plain.map(Box::new),
            err: error,
        },
    }
}

fn plan_step(
    stage: usize,
    ChainStage {
        component,
        function,
    }: &ChainStage,
) -> Result<ChainStep, FuseError> {
    if let RequestedCapabilities::Listed(requests) = component.requested()
        && !requests.is_empty()
    {
        let rules: Vec<String> = requests
            .iter()
            .map(|(rule, _)| format!("`{rule}`"))
            .collect();
        return Err(FuseError::RequestsCapabilities {
            stage,
            requests: rules.join(", "),
        });
    }
    let found = component.world().function(function);
    let function = found
        .map_err(|source| FuseError::Function { stage, source })?
        .clone();
    if function.is_async_func {
        return Err(FuseError::Async {
            stage,
            function: function.name,
        });
    }
    let shape = |ty: &Type| {
        Shape::from_type(ty).map_err(|ty| FuseError::Unsupported {
            stage,
            function: function.name.clone(),
            ty: Box::new(ty),
        })
    };
    let params = function
        .params
        .iter()
        .map(|param| shape(&param.ty))
        .collect::<Result<_, _>>()?;
    let result = function.result.as_ref().map(shape).transpose()?;
    Ok(ChainStep {
        function,
        params,
        result,
        unwraps_ok: false,
    })
}

/// Connects each step to the next. Returns the error type, if the chain can end early.
fn connect_steps(steps: &mut [ChainStep]) -> Result<Option<Option<Box<Type>>>, FuseError> {
    let mut error = None;
    for next in 1..steps.len() {
        let (before, after) = (&steps[next - 1].function, &steps[next].function);
        let unwraps = unwraps_result(next + 1, before, after)?;
        if unwraps {
            check_error_type(next, before, &mut error)?;
        }
        steps[next - 1].unwraps_ok = unwraps;
    }
    if let (Some(_), Some(last)) = (&error, steps.last()) {
        check_error_type(steps.len(), &last.function, &mut error)?;
    }
    Ok(error)
}

/// Returns `true` if only the `ok` payload is passed from `before` to `after`, which is stage
/// number `stage`.
fn unwraps_result(stage: usize, before: &Function, after: &Function) -> Result<bool, FuseError> {
    let function = || after.name.clone();
    let [Param { ty: takes, .. }] = &after.params[..] else {
        return Err(FuseError::ParamCount {
            stage,
            function: function(),
            params: after.params.len(),
        });
    };
    let no_output = || FuseError::NoOutput {
        stage: stage - 1,
        function: before.name.clone(),
    };
    let whole = before.result.as_ref().ok_or_else(no_output)?;
    if whole == takes {
        return Ok(false);
    }
    let gives = match whole {
        Type::Result { ok, .. } if !matches!(takes, Type::Result { .. }) => {
            ok.as_deref().ok_or_else(no_output)?
        }
        plain => plain,
    };
    if gives == takes {
        return Ok(true);
    }
    Err(FuseError::Mismatch {
        stage,
        function: function(),
        takes: Box::new(takes.clone()),
        gives: Box::new(gives.clone()),
    })
}

/// Checks that all stages that can fail have the same error type.
fn check_error_type(
    stage: usize,
    function: &Function,
    earlier: &mut Option<Option<Box<Type>>>,
) -> Result<(), FuseError> {
    let Some(Type::Result { err, .. }) = &function.result else {
        return Ok(());
    };
    match earlier {
        None => *earlier = Some(err.clone()),
        Some(earlier) if earlier == err => {}
        Some(earlier) => {
            return Err(FuseError::ErrorTypes {
                stage,
                function: function.name.clone(),
                error: err.clone(),
                earlier: earlier.clone(),
            });
        }
    }
    Ok(())
}
