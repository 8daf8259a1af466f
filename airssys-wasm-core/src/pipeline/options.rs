//! What can be said of a stage besides its component.
//!
//! Only the choices and their words; `build` says which go together, the host carries
//! them out.
//! Tests: `tests/pipeline`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a stage is run: how much of it at once, in which order, for how long, and what
/// happens when an item fails.
///
/// ```
/// use airssys_wasm_core::pipeline::{OnError, Order, StageOptions};
///
/// let options = StageOptions::new().concurrency(4).order(Order::AsFinished).on_error(OnError::Skip);
/// assert_eq!(options.concurrency_max(), 4);
/// assert_eq!(options.queue(), 16);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageOptions {
    pub(super) function: Option<String>,
    pub(super) concurrency: Option<u32>,
    pub(super) order: Option<Order>,
    pub(super) queue_max: Option<u32>,
    pub(super) deadline: Option<Duration>,
    pub(super) on_error: Option<OnError>,
    pub(super) on_failure: Option<OnError>,
    pub(super) retry: Option<Retry>,
    pub(super) idempotent: bool,
    pub(super) per_chunk: Option<u32>,
}

/// In which order results leave a stage that works on several items at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Order {
    /// In that in which the items came.
    #[default]
    Kept,
    /// In that in which they were finished.
    AsFinished,
}

/// What happens with an item that a stage returned an error for, or failed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OnError {
    /// The run ends with it.
    Fail,
    /// It is left out, and counted.
    Skip,
    /// It is put aside with its input, stage, revision, attempt and cause.
    DeadLetter,
}

/// Trying an item again that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retry {
    /// How often it is tried in all, the first time included.
    pub attempts: u32,
    /// How long to wait before the second attempt; twice that before the third, and so on.
    pub backoff: Duration,
}

impl StageOptions {
    /// How many items a stage works on at once, if it does not say.
    pub const CONCURRENCY: u32 = 1;
    /// How many items wait before a stage, if it does not say.
    pub const QUEUE_MAX: u32 = 16;

    /// One item at a time, in order, 16 waiting, no deadline, no second attempt.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Which exported function the stage is, as `greet` or `demo:greeter/api#greet`. It
    /// need not be said where there is one, or where ports say it.
    #[must_use]
    pub fn function(self, name: impl Into<String>) -> Self {
        Self {
            function: Some(name.into()),
            ..self
        }
    }

    /// Works on up to `items` at once.
    #[must_use]
    pub fn concurrency(self, items: u32) -> Self {
        Self {
            concurrency: Some(items),
            ..self
        }
    }

    /// In which order results leave.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        Self {
            order: Some(order),
            ..self
        }
    }

    /// Lets up to `items` wait before the stage; then those before it wait.
    #[must_use]
    pub fn queue_max(self, items: u32) -> Self {
        Self {
            queue_max: Some(items),
            ..self
        }
    }

    /// The longest that one attempt at an item may take.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }

    /// What happens when the function returns an error that no edge takes. A function
    /// that can has to have one of the two.
    #[must_use]
    pub fn on_error(self, on_error: OnError) -> Self {
        Self {
            on_error: Some(on_error),
            ..self
        }
    }

    /// What happens after a trap, a deadline or a denied capability;
    /// [`OnError::Fail`] if it is not said.
    #[must_use]
    pub fn on_failure(self, on_failure: OnError) -> Self {
        Self {
            on_failure: Some(on_failure),
            ..self
        }
    }

    /// Tries an item again that failed. Only for a stage that is
    /// [`idempotent`](Self::idempotent).
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        Self {
            retry: Some(retry),
            ..self
        }
    }

    /// The author's word that running an item twice does what running it once does.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self {
            idempotent: true,
            ..self
        }
    }

    /// Makes a function of lists a stage of streams: it is called for each `elements` of the
    /// stream, the last time for those that are left, and the lists that it returns are what
    /// its stream is made of. A call that fails ends the stream with its error, whatever is
    /// said of failures, and the stage's status counts streams. For a function that takes one `list` and returns one, both of
    /// `u8`, `u32`, `u64`, `string` or `list<u8>`.
    #[must_use]
    pub fn per_chunk(self, elements: u32) -> Self {
        Self {
            per_chunk: Some(elements),
            ..self
        }
    }

    /// The name of the function, if it is said.
    #[must_use]
    pub fn function_name(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// How many items it works on at once.
    #[must_use]
    pub fn concurrency_max(&self) -> u32 {
        self.concurrency.unwrap_or(Self::CONCURRENCY)
    }

    /// In which order results leave it.
    #[must_use]
    pub fn ordering(&self) -> Order {
        self.order.unwrap_or_default()
    }

    /// How many items may wait before it.
    #[must_use]
    pub fn queue(&self) -> u32 {
        self.queue_max.unwrap_or(Self::QUEUE_MAX)
    }

    /// The longest that one attempt may take, if it is said.
    #[must_use]
    pub fn attempt_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// What happens when the function returns an error, if it is said.
    #[must_use]
    pub fn error_action(&self) -> Option<OnError> {
        self.on_error
    }

    /// What happens after a trap, a deadline or a denied capability.
    #[must_use]
    pub fn failure_action(&self) -> OnError {
        self.on_failure.unwrap_or(OnError::Fail)
    }

    /// Whether any item of it can be put aside.
    #[must_use]
    pub fn puts_aside(&self) -> bool {
        [self.error_action(), Some(self.failure_action())].contains(&Some(OnError::DeadLetter))
    }

    /// How it is tried again, if it is.
    #[must_use]
    pub fn retries(&self) -> Option<Retry> {
        self.retry
    }

    /// For how many elements of a stream it is called, if it is said.
    #[must_use]
    pub fn chunk_elements(&self) -> Option<u32> {
        self.per_chunk
    }

    /// Whether the author says that running it twice does what running it once does.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }
}

impl Order {
    /// The word for it in text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::AsFinished => "as-finished",
        }
    }
}

impl OnError {
    /// The word for it in text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::DeadLetter => "dead-letter",
        }
    }
}
