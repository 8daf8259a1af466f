//! Items that were put aside.
//!
//! Tests: the workspace's `tests/suite/pipelines/errors`.

use std::fmt;
use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Value};
use tokio::sync::mpsc::UnboundedSender;

use super::item::Item;
use crate::Error;

/// An item that a stage could not work on, and all that is known of why.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The pipeline.
    pub pipeline: ComponentName,
    /// The stage.
    pub stage: String,
    /// The host's count for the stage's component, if the call came so far.
    pub revision: Option<u64>,
    /// The item's number in its run, from 0; 0 if it was called rather than run.
    pub sequence: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// What the stage was given.
    pub inputs: Vec<Item>,
    /// What went wrong the last time.
    pub cause: Cause,
}

/// What went wrong with an item.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The function returned this error; none if it carries nothing.
    Returned(Option<Value>),
    /// The call did not end by itself: [`Error::kind`] tells a trap, a deadline and a denial
    /// apart.
    Failed(Arc<Error>),
}

/// Takes the items that were put aside, called from within runs: return quickly.
pub trait DeadLetters: Send + Sync + 'static {
    /// Takes one.
    fn take(&self, letter: DeadLetter);
}

/// Letters that nobody receives any more are lost; keep the receiver.
impl DeadLetters for UnboundedSender<DeadLetter> {
    fn take(&self, letter: DeadLetter) {
        if let Err(unsent) = self.send(letter) {
            tracing::error!(letter = ?unsent.0, "nobody receives dead letters any more");
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(None) => f.write_str("it returned an error"),
            Self::Returned(Some(value)) => write!(f, "it returned the error {value}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}
