//! The consequences of an item's failure: it is skipped, becomes a dead letter, or ends the run.
//!
//! The only place that decides about dead letters.
//! Tests: `tests/suite/pipelines/errors.rs`.

use airssys_wasm_core::pipeline::OnError;

use super::check::describe_item;
use super::dead_letter::{DeadLetter, FailureCause};
use super::running::RunningPipeline;
use super::unit::{FailedItem, Unit};
use crate::{Error, ErrorKind, Result};

impl RunningPipeline {
    /// Applies the options of a stage to an item that failed there and goes no further. `number` is
    /// the number of the item in its run, if it belongs to one.
    ///
    /// # Errors
    ///
    /// The failure of the item, if it ends the run.
    pub(super) fn settle_failure(
        &self,
        unit: &Unit,
        number: Option<u64>,
        failed: FailedItem,
    ) -> Result<()> {
        let action = match &failed.cause {
            FailureCause::Returned(_) => unit.options.error_action().unwrap_or(OnError::Fail),
            FailureCause::Failed(_) => unit.options.failure_action(),
        };
        match action {
            OnError::Skip => unit.counters.skipped.increment(),
            OnError::DeadLetter => {
                unit.counters.dead_letters.increment();
                self.send_dead_letter(unit, number, failed);
            }
            _ => return Err(self.failure_error(unit, number, &failed.cause)),
        }
        Ok(())
    }

    fn send_dead_letter(&self, unit: &Unit, number: Option<u64>, failed: FailedItem) {
        let Some(receiver) = &self.dead_letters else {
            return;
        };
        receiver.receive(DeadLetter {
            pipeline: self.pipeline.name().clone(),
            stage: unit.name.clone(),
            revision: failed.revision,
            sequence: number.unwrap_or_default(),
            attempts: failed.attempts,
            inputs: failed.inputs,
            cause: failed.cause,
        });
    }

    fn failure_error(&self, unit: &Unit, number: Option<u64>, cause: &FailureCause) -> Error {
        let class = match cause {
            FailureCause::Returned(_) => ErrorKind::StageError.into(),
            FailureCause::Failed(error) => error.class(),
        };
        let item = describe_item(&self.pipeline, number);
        Error::new(class, format!("{item}, at stage `{}`: {cause}", unit.name))
    }
}
