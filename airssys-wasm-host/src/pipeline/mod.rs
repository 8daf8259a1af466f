//! Pipelines that run: what core checked, carried out.
//!
//! | file | what it does |
//! |---|---|
//! | `deploy` | a deployment for each stage, or for several that are fused |
//! | `handle`, `names`, `status` | a pipeline in the hands of an embedder |
//! | `restore` | a pipeline that a state directory has, ready again |
//! | `check` | whether what is given fits the inputs |
//! | `update` | another component in a stage |
//! | `runner` | what a deployed pipeline consists of, and where its items go |
//! | `unit`, `call`, `time` | works on one item: attempts, deadlines, what happens to errors |
//! | `evaluate`, `turnstile` | one item through all of its stages, in the order of its run |
//! | `chain` | the same for stages one after the other |
//! | `run`, `task` | streams of items in, streams of outcomes out |
//! | `typed` | the same with Rust types at the ends |
//! | `stream` | items that are streams themselves |
//! | `item`, `letter` | values on their way, and items that were put aside |
//!
//! Each stage is a deployment of its own, with its store, limits, grants and history; a stage
//! is updated as any deployment is. Decides nothing about types: core did.
//! Tests: the workspace's `tests/suite/pipelines`.

mod call;
mod chain;
mod check;
mod deploy;
mod evaluate;
mod handle;
mod item;
mod letter;
mod names;
mod restore;
mod run;
mod runner;
mod status;
mod stream;
mod task;
mod time;
mod turnstile;
mod typed;
mod unit;
mod update;

pub use airssys_wasm_core::pipeline::*;
pub use deploy::DeployPipeline;
pub use evaluate::Outcome;
pub use handle::PipelineDeployment;
pub(crate) use item::{FromItems, IntoReturned};
pub use item::{Inputs, Item, ItemType};
pub use letter::{Cause, DeadLetter, DeadLetters};
pub(crate) use names::Pipelines;
pub use run::Outcomes;
pub use status::{PipelineStatus, StageStatus};
pub use stream::{ItemStream, StreamElement};
pub use typed::{TypedOutcomes, TypedPipeline};
pub use update::UpdateStage;

/// What the function of fused stages is called.
const RUN: &str = "run";
