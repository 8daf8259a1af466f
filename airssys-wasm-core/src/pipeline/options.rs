//! The options of a stage.
//!
//! Defines the choices and their names; `build` checks which can be combined, and the host applies
//! them.
//! Tests: `airssys-wasm-core/tests/pipeline`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The options of a stage: concurrency, order of results, time limits, and the handling of items
/// that fail.
///
/// ```
/// use airssys_wasm_core::pipeline::{OnError, OutputOrder, StageOptions};
///
/// let options = StageOptions::new().concurrency(4).order(OutputOrder::AsFinished).on_error(OnError::Skip);
/// assert_eq!(options.concurrency_max(), 4);
/// assert_eq!(options.queue_capacity(), 16);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageOptions {
    pub(super) function: Option<String>,
    pub(super) concurrency: Option<u32>,
    pub(super) order: Option<OutputOrder>,
    pub(super) queue_max: Option<u32>,
    pub(super) deadline: Option<Duration>,
    pub(super) on_error: Option<OnError>,
    pub(super) on_failure: Option<OnError>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) idempotent: bool,
    pub(super) per_chunk: Option<u32>,
}

/// The order in which results leave a stage that works on several items at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OutputOrder {
    /// The order in which the items arrived.
    #[default]
    Kept,
    /// The order in which the items were finished.
    AsFinished,
}

/// The action for an item for which a stage returned an error or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OnError {
    /// End the run with the error.
    Fail,
    /// Skip the item and count it.
    Skip,
    /// Keep the item as a dead letter with its input, stage, revision, attempt and cause.
    DeadLetter,
}

/// The policy for retrying an item that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RetryPolicy {
    /// The maximum number of attempts, including the first one.
    pub attempts: u32,
    /// The delay before the second attempt. It doubles with each further attempt.
    pub backoff: Duration,
}

impl StageOptions {
    /// The default number of items that a stage works on at once.
    pub const DEFAULT_CONCURRENCY: u32 = 1;
    /// The default of [`queue_max`](Self::queue_max).
    pub const DEFAULT_QUEUE_MAX: u32 = 16;

    /// Returns the default options: one item at a time, results in order, 16 waiting items, no time
    /// limit and no retries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the exported function that the stage calls, as `greet` or `demo:greeter/api#greet`. Not
    /// needed if the component exports only one function, or if ports name the function.
    #[must_use]
    pub fn function(self, name: impl Into<String>) -> Self {
        Self {
            function: Some(name.into()),
            ..self
        }
    }

    /// Sets the number of items that the stage works on at once; defaults to
    /// [`DEFAULT_CONCURRENCY`](Self::DEFAULT_CONCURRENCY).
    #[must_use]
    pub fn concurrency(self, items: u32) -> Self {
        Self {
            concurrency: Some(items),
            ..self
        }
    }

    /// Sets the order in which results leave the stage; defaults to [`OutputOrder::Kept`].
    #[must_use]
    pub fn order(self, order: OutputOrder) -> Self {
        Self {
            order: Some(order),
            ..self
        }
    }

    /// Sets the number of waiting items that the stage adds to the maximum of its pipeline; defaults
    /// to [`DEFAULT_QUEUE_MAX`](Self::DEFAULT_QUEUE_MAX).
    ///
    /// A pipeline without [`in_flight_max`](super::PipelineBuilder::in_flight_max) holds as many
    /// items as its stages have places: the sum of their `concurrency` and `queue_max`. The items may
    /// wait in front of any stage, so a slow stage may have more in front of it. When the pipeline is
    /// full, no stage waits; calls do, and runs take nothing from their input.
    #[must_use]
    pub fn queue_max(self, items: u32) -> Self {
        Self {
            queue_max: Some(items),
            ..self
        }
    }

    /// Sets the time limit for one attempt at an item.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }

    /// Sets the action for an error that the function returns and no edge takes. A stage whose
    /// function can return errors needs either this option or such an edge.
    #[must_use]
    pub fn on_error(self, on_error: OnError) -> Self {
        Self {
            on_error: Some(on_error),
            ..self
        }
    }

    /// Sets the action after a trap, an exceeded deadline or a denied capability; defaults to
    /// [`OnError::Fail`].
    #[must_use]
    pub fn on_failure(self, on_failure: OnError) -> Self {
        Self {
            on_failure: Some(on_failure),
            ..self
        }
    }

    /// Retries an item that failed. Requires a stage that is [`idempotent`](Self::idempotent).
    #[must_use]
    pub fn retry(self, retry: RetryPolicy) -> Self {
        Self {
            retry: Some(retry),
            ..self
        }
    }

    /// Marks the stage as idempotent: running an item twice has the same effect as running it once.
    #[must_use]
    pub fn idempotent(self) -> Self {
        Self {
            idempotent: true,
            ..self
        }
    }

    /// Turns a function of lists into a stage of streams. The function is called for every
    /// `elements` elements of the input stream, the last time for the remaining ones, and the
    /// elements of the lists that it returns form the output stream.
    ///
    /// A call that fails ends the stream with its error, whatever [`on_error`](Self::on_error) and
    /// [`on_failure`](Self::on_failure) specify, and the stage's status counts streams rather than
    /// items. The function must take one `list` and return one, both of `u8`, `u32`, `u64`,
    /// `string` or `list<u8>`.
    #[must_use]
    pub fn per_chunk(self, elements: u32) -> Self {
        Self {
            per_chunk: Some(elements),
            ..self
        }
    }

    /// The name of the function, if it is set.
    #[must_use]
    pub fn function_name(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// The number of items that the stage works on at once.
    #[must_use]
    pub fn concurrency_max(&self) -> u32 {
        self.concurrency.unwrap_or(Self::DEFAULT_CONCURRENCY)
    }

    /// The order in which results leave the stage.
    #[must_use]
    pub fn ordering(&self) -> OutputOrder {
        self.order.unwrap_or_default()
    }

    /// The number of waiting items that the stage adds to the maximum of its pipeline.
    #[must_use]
    pub fn queue_capacity(&self) -> u32 {
        self.queue_max.unwrap_or(Self::DEFAULT_QUEUE_MAX)
    }

    /// The time limit for one attempt, if it is set.
    #[must_use]
    pub fn attempt_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// The action for an error that the function returns, if it is set.
    #[must_use]
    pub fn error_action(&self) -> Option<OnError> {
        self.on_error
    }

    /// The action after a trap, an exceeded deadline or a denied capability.
    #[must_use]
    pub fn failure_action(&self) -> OnError {
        self.on_failure.unwrap_or(OnError::Fail)
    }

    /// Returns `true` if the stage can produce dead letters.
    #[must_use]
    pub fn has_dead_letters(&self) -> bool {
        [self.error_action(), Some(self.failure_action())].contains(&Some(OnError::DeadLetter))
    }

    /// The retry policy, if it is set.
    #[must_use]
    pub fn retry_policy(&self) -> Option<RetryPolicy> {
        self.retry
    }

    /// The number of elements per call of a function that is called per chunk, if it is set.
    #[must_use]
    pub fn elements_per_chunk(&self) -> Option<u32> {
        self.per_chunk
    }

    /// Returns `true` if the stage is marked as idempotent.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.idempotent
    }
}

impl OutputOrder {
    /// The name of the value in a definition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::AsFinished => "as-finished",
        }
    }
}

impl OnError {
    /// The name of the value in a definition.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Skip => "skip",
            Self::DeadLetter => "dead-letter",
        }
    }
}
