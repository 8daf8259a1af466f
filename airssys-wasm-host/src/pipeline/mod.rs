//! Runs the pipelines that core has checked.
//!
//! | file | what it does |
//! |---|---|
//! | `deploy` | deploys a pipeline: one deployment for each stage, or for several that are fused |
//! | `handle`, `names`, `status` | the embedder's handle, and the pipelines of a host |
//! | `restore` | restores a pipeline from a state directory |
//! | `check` | checks that items fit the inputs |
//! | `update` | replaces the component of a stage |
//! | `running` | a deployed pipeline, and the edges that its items take |
//! | `unit`, `call`, `time` | works on one item: attempts, deadlines, errors |
//! | `evaluate`, `turnstile` | passes one item through all of its stages, in the order of its run |
//! | `chain` | a shortcut for stages one after the other |
//! | `run`, `task` | streams of items in, streams of outcomes out |
//! | `typed` | pipelines with Rust types at their ends |
//! | `stream` | items that are streams |
//! | `item`, `dead_letter` | values on their way, and dead letters |
//!
//! Each stage is a deployment of its own, with its store, limits, grants and history, and is
//! updated like any other. Types are decided by core.
//! Tests: `tests/suite/pipelines`.

mod call;
mod chain;
mod check;
mod dead_letter;
mod deploy;
mod evaluate;
mod handle;
mod item;
mod names;
mod restore;
mod run;
mod running;
mod status;
mod stream;
mod task;
mod time;
mod turnstile;
mod typed;
mod unit;
mod update;

pub use airssys_wasm_core::pipeline::{
    ComponentPipeline, Condition, DefinitionError, Edge, EdgeFilter, ExportError, FieldPath, Lane,
    OnError, OutputOrder, OutputPort, PartitionShare, PipelineBuilder, PipelineDefinition,
    PipelineErrors, PipelineExplanation, PipelineInput, PipelineOutput, PipelineProblem,
    ProblemKind, RetryPolicy, SourceMode, Stage, StageDefinition, StageOptions,
};
pub use dead_letter::{DeadLetter, DeadLetterReceiver, FailureCause};
pub use deploy::DeployPipeline;
pub use evaluate::Outcome;
pub use handle::PipelineDeployment;
pub use item::{Inputs, Item, ItemType};
pub(crate) use names::Pipelines;
pub use run::Outcomes;
pub use status::{PipelineStatus, StageStatus};
pub use stream::{ItemStream, StreamElement};
pub use typed::{TypedOutcomes, TypedPipeline};
pub use update::UpdateStage;

/// The name of the function that fused stages export.
const RUN: &str = "run";
