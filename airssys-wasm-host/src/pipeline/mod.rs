//! Runs the pipelines that core has checked.
//!
//! | file | contents |
//! |---|---|
//! | `handle`, `typed`, `status`, `names` | the embedder's handles, and the pipelines of a host |
//! | `deploy`, `partial_deployment`, `restore`, `update` | deploys, restores and updates a pipeline |
//! | `call`, `run` | a single item; a stream of items |
//! | `check`, `in_flight`, `sources` | the admission of an item, and what sources add to it |
//! | `executor` | moves one item through the units of a pipeline |
//! | `running`, `graph` | a deployed pipeline; its units and the edges between them |
//! | `unit` | one deployment: one stage, or several that are fused |
//! | `stage` | the functions of stages, called with items |
//! | `failure`, `dead_letter` | the consequences of an item's failure |
//! | `item`, `outcome` | values on their way, and those that have left |
//! | `task` | tasks that end with their handle |
//!
//! ```text
//!  TypedPipeline
//!        |
//!  PipelineDeployment
//!    |           |
//!  call         run          an item, or each item of a stream in a task of its own:
//!    |           |           check, in_flight, sources
//!  executor::ItemExecutor    from unit to unit, at several at the same time
//!    |           |
//!    |         failure       skips the item, makes it a dead letter, or ends the run
//!    |
//!  unit::Unit::process       attempts -> Result<UnitOutput, FailedItem>
//!    |
//!  stage::StageFunction      with Rust types, with dynamic values, with streams, or per chunk
//! ```
//!
//! Each stage is a deployment of its own, with its store, limits, grants and history, and is
//! updated like any other. Types are decided by core.
//! Tests: `tests/suite/pipelines`.

mod call;
mod check;
mod dead_letter;
mod deploy;
mod executor;
mod failure;
mod graph;
mod handle;
mod in_flight;
mod item;
mod names;
mod outcome;
mod partial_deployment;
mod restore;
mod run;
mod running;
mod sources;
mod stage;
mod status;
mod task;
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
pub use handle::PipelineDeployment;
pub use item::{Inputs, Item, ItemStream, ItemType, StreamElement};
pub(crate) use names::Pipelines;
pub use outcome::Outcome;
pub use run::Outcomes;
pub use status::{PipelineStatus, StageStatus};
pub use typed::{TypedOutcomes, TypedPipeline};
pub use update::UpdateStage;
