//! Errors of fusing.
//!
//! Tests: `airssys-wasm-core/tests/fuse/refusals.rs`.

use thiserror::Error;

use crate::FunctionName;
use crate::world::{FunctionNotFound, Type};

/// The reason stages cannot be fused. Stages are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FuseError {
    /// The chain has fewer than two stages.
    #[error("a chain needs at least 2 stages, but this one has {stages}")]
    TooFewStages {
        /// The number of stages.
        stages: usize,
    },
    /// The name for the exported function is not valid.
    #[error(
        "`{name}` cannot name a function; write words in lower case with hyphens, for example `run`"
    )]
    ExportName {
        /// The given name.
        name: String,
    },
    /// A stage does not export the function.
    #[error("stage {stage}: {source}")]
    Function {
        /// The number of the stage.
        stage: usize,
        /// The lookup error, with what the component exports.
        source: FunctionNotFound,
    },
    /// A stage after the first does not have exactly one parameter.
    #[error(
        "stage {stage}, `{function}`, has {params} parameters; a stage that follows another has exactly one"
    )]
    ParamCount {
        /// The number of the stage.
        stage: usize,
        /// The function of the stage.
        function: FunctionName,
        /// The number of parameters of the function.
        params: usize,
    },
    /// A stage before the last returns no value to pass on.
    #[error("stage {stage}, `{function}`, returns no value for the next stage")]
    NoOutput {
        /// The number of the stage.
        stage: usize,
        /// The function of the stage.
        function: FunctionName,
    },
    /// A stage does not accept what the previous stage returns.
    #[error(
        "stage {stage}, `{function}`, takes `{takes}`, but the stage before it returns `{gives}`"
    )]
    Mismatch {
        /// The number of the stage that does not accept the value.
        stage: usize,
        /// The function of the stage.
        function: FunctionName,
        /// The type of the parameter.
        takes: Box<Type>,
        /// The type of the value: without the surrounding `result` if the next stage takes no
        /// `result`.
        gives: Box<Type>,
    },
    /// Two stages return different error types.
    #[error(
        "stage {stage}, `{function}`, fails with {}, but an earlier stage with {}",
        type_or_nothing(error),
        type_or_nothing(earlier)
    )]
    ErrorTypes {
        /// The number of the later stage.
        stage: usize,
        /// The function of the stage.
        function: FunctionName,
        /// The error type of that stage.
        error: Option<Box<Type>>,
        /// The error type of the earlier stage.
        earlier: Option<Box<Type>>,
    },
    /// A value of this type cannot be passed from one stage to the next.
    #[error(
        "stage {stage}, `{function}`: values of type `{ty}` cannot be passed on by a fused component"
    )]
    Unsupported {
        /// The number of the stage.
        stage: usize,
        /// The function of the stage.
        function: FunctionName,
        /// The unsupported type, or the unsupported part of it.
        ty: Box<Type>,
    },
    /// The function of a stage is an `async func`.
    #[error("stage {stage}, `{function}`, is an `async func`, which cannot be fused")]
    Async {
        /// The number of the stage.
        stage: usize,
        /// The function of the stage.
        function: FunctionName,
    },
    /// A stage requests capabilities, which fusing would extend to all stages.
    #[error(
        "stage {stage} requests capabilities, which fusing would give to every stage: {requests}"
    )]
    RequestsCapabilities {
        /// The number of the stage.
        stage: usize,
        /// The requests of the stage.
        requests: String,
    },
    /// The imports of the stages contradict each other.
    #[error("the stages cannot be joined into one component: {problem}")]
    MergeFailed {
        /// A description of the problem.
        problem: String,
    },
}

impl FuseError {
    pub(super) fn merge_failed(error: impl std::fmt::Display) -> Self {
        Self::MergeFailed {
            problem: format!("{error:#}"),
        }
    }
}

fn type_or_nothing(ty: &Option<Box<Type>>) -> String {
    ty.as_ref()
        .map_or_else(|| "nothing".into(), |ty| format!("`{ty}`"))
}
