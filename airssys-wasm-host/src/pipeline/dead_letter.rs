//! Dead letters: failed items that are passed to a receiver instead of the next stage.
//!
//! Tests: `tests/suite/pipelines/errors.rs`.

use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::pipeline::ComponentPipeline;
use airssys_wasm_core::{ComponentName, Value};
use tokio::sync::mpsc::UnboundedSender;

use super::item::Item;
use crate::{Error, ErrorKind, Result};

/// An item that a stage could not process, and everything known about the cause.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The name of the pipeline.
    pub pipeline: ComponentName,
    /// The name of the stage.
    pub stage: String,
    /// The number of the revision that ran the stage, if the call got that far.
    pub revision: Option<u64>,
    /// The number of the item in its run, from 0; 0 for a single call.
    pub sequence: u64,
    /// The number of attempts.
    pub attempts: u32,
    /// The inputs of the stage.
    pub inputs: Vec<Item>,
    /// The cause of the last failure.
    pub cause: FailureCause,
}

/// The cause of an item's failure.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FailureCause {
    /// The error that the function returned; `None` if it has no payload.
    Returned(Option<Value>),
    /// The error of a call that did not return. [`Error::kind`] distinguishes a trap, a deadline
    /// and a denial.
    Failed(Arc<Error>),
}

/// A receiver of dead letters. Called from within runs, so it must return quickly.
pub trait DeadLetterReceiver: Send + Sync + 'static {
    /// Receives a dead letter.
    fn receive(&self, letter: DeadLetter);
}

/// Sends dead letters to a channel. They are lost once its receiver is dropped, so keep the
/// receiver.
impl DeadLetterReceiver for UnboundedSender<DeadLetter> {
    fn receive(&self, letter: DeadLetter) {
        if let Err(unsent) = self.send(letter) {
            tracing::error!(letter = ?unsent.0, "dead letter lost: its receiver was dropped");
        }
    }
}

impl fmt::Display for FailureCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(None) => f.write_str("it returned an error"),
            Self::Returned(Some(value)) => write!(f, "it returned the error {value}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// Checks that there is a receiver if a stage produces dead letters.
pub(super) fn check_receiver(
    pipeline: &ComponentPipeline,
    receiver: Option<&Arc<dyn DeadLetterReceiver>>,
) -> Result<()> {
    let mut stages = pipeline.stages().iter();
    match stages.find(|stage| stage.options().has_dead_letters()) {
        Some(stage) if receiver.is_none() => {
            let message = format!(
                "stage `{}` produces dead letters, but they have no receiver",
                stage.name()
            );
            let remedy = "set one with `.dead_letters(...)`, or for all pipelines with `HostBuilder::dead_letters`";
            Err(Error::new(ErrorKind::InvalidPipeline, message).with_remedy(remedy))
        }
        _ => Ok(()),
    }
}
