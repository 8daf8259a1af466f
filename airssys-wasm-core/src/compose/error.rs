//! Why stages cannot be fused.
//!
//! Tests: `tests/compose/refusals.rs`.

use thiserror::Error;

use crate::FunctionName;
use crate::world::{FunctionNotFound, Type};

/// Why stages cannot be fused. Stages count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// One stage, or none.
    #[error("a chain needs at least 2 stages, and this one has {stages}")]
    TooFewStages {
        /// How many there are.
        stages: usize,
    },
    /// The name for the new function is no name.
    #[error(
        "`{name}` cannot name a function; write words in lower case with hyphens, for example `run`"
    )]
    ExportName {
        /// The name as given.
        name: String,
    },
    /// A stage exports no such function.
    #[error("stage {stage}: {source}")]
    Function {
        /// Which stage.
        stage: usize,
        /// What there is instead.
        source: FunctionNotFound,
    },
    /// A stage after the first has no parameter, or several.
    #[error(
        "stage {stage}, `{function}`, has {params} parameters; a stage that follows another has exactly one"
    )]
    Params {
        /// Which stage.
        stage: usize,
        /// Its function.
        function: FunctionName,
        /// How many parameters it has.
        params: usize,
    },
    /// A stage before the last returns nothing that could be passed on.
    #[error("stage {stage}, `{function}`, returns no value for the next stage")]
    NoOutput {
        /// Which stage.
        stage: usize,
        /// Its function.
        function: FunctionName,
    },
    /// A stage does not take what the one before it returns.
    #[error(
        "stage {stage}, `{function}`, takes `{takes}`, and the stage before it gives `{gives}`"
    )]
    Mismatch {
        /// The stage that does not take it.
        stage: usize,
        /// Its function.
        function: FunctionName,
        /// The type of its parameter.
        takes: Box<Type>,
        /// The type that arrives: without the `result` around it, if the next stage
        /// takes no `result`.
        gives: Box<Type>,
    },
    /// Two stages fail with different types.
    #[error(
        "stage {stage}, `{function}`, fails with {}, and an earlier one with {}",
        or_nothing(error),
        or_nothing(earlier)
    )]
    Errors {
        /// The later of the two stages.
        stage: usize,
        /// Its function.
        function: FunctionName,
        /// The type of its error.
        error: Option<Box<Type>>,
        /// The type of the earlier one's.
        earlier: Option<Box<Type>>,
    },
    /// A type that cannot cross from one stage to the next.
    #[error(
        "stage {stage}, `{function}`: values of type `{ty}` cannot be passed on by a fused component"
    )]
    Unsupported {
        /// Which stage.
        stage: usize,
        /// Its function.
        function: FunctionName,
        /// The type, or the part of it that is in the way.
        ty: Box<Type>,
    },
    /// An `async func`.
    #[error(
        "stage {stage}, `{function}`, is an `async func`; only functions that are not can be fused"
    )]
    Async {
        /// Which stage.
        stage: usize,
        /// Its function.
        function: FunctionName,
    },
    /// A stage requests capabilities, which the others would have as well.
    #[error(
        "stage {stage} requests capabilities, which fusing would give to every stage: {requests}"
    )]
    Authority {
        /// Which stage.
        stage: usize,
        /// What it requests.
        requests: String,
    },
    /// The stages' imports contradict each other.
    #[error("the stages cannot be joined into one component: {problem}")]
    Joined {
        /// What is wrong.
        problem: String,
    },
}

impl ComposeError {
    pub(super) fn joined(error: impl std::fmt::Display) -> Self {
        Self::Joined {
            problem: format!("{error:#}"),
        }
    }
}

fn or_nothing(ty: &Option<Box<Type>>) -> String {
    ty.as_ref()
        .map_or_else(|| "nothing".into(), |ty| format!("`{ty}`"))
}
