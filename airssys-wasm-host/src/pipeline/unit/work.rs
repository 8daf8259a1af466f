//! The work of a unit on one item: the attempts that the options of its stage allow.
//!
//! Leaves the consequences of a failure to `failure`.
//! Tests: `tests/suite/pipelines/errors.rs`.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use airssys_wasm_core::pipeline::OutputPort;

use super::super::dead_letter::FailureCause;
use super::super::item::{Item, Items};
use super::{ErrorPort, Unit, UnitOutput};

/// The result of a unit for one item, after all attempts.
pub(in super::super) type UnitResult = Result<UnitOutput, Box<FailedItem>>;

/// An item that a unit could not process.
pub(in super::super) struct FailedItem {
    /// The number of the revision that ran the last attempt, if the call got that far.
    pub(in super::super) revision: Option<u64>,
    pub(in super::super) attempts: u32,
    /// The inputs, if the options of the stage need them after a failure.
    pub(in super::super) inputs: Vec<Item>,
    pub(in super::super) cause: FailureCause,
}

impl Unit {
    /// Works on one item from `begun` on: makes the attempts that the options allow. Returns the
    /// result, and the time at the end.
    pub(in super::super) async fn process(
        &self,
        mut items: Items,
        mut begun: Instant,
    ) -> (UnitResult, Instant) {
        let retry = self.options.retry_policy();
        let attempts_max = retry.map_or(1, |retry| retry.attempts.max(1));
        let keeps_inputs = attempts_max > 1 || self.options.has_dead_letters();
        let mut attempts = 1;
        loop {
            let inputs = if keeps_inputs {
                items.clone()
            } else {
                mem::take(&mut items)
            };
            let revision = AtomicU64::new(0);
            let result = self.attempt(inputs, &revision).await;
            let ended = self.counters.count_attempt(begun);
            let cause = match result {
                Ok(output) => return (Ok(output), ended),
                Err(cause) => cause,
            };
            if attempts == attempts_max {
                let failed = Box::new(FailedItem {
                    revision: Some(revision.into_inner()).filter(|revision| *revision > 0),
                    attempts,
                    inputs: items.into_vec(),
                    cause,
                });
                return (Err(failed), ended);
            }
            self.counters.retried.increment();
            self.pause(attempts).await;
            begun = Instant::now();
            attempts += 1;
        }
    }

    async fn attempt(
        &self,
        items: Items,
        revision: &AtomicU64,
    ) -> Result<UnitOutput, FailureCause> {
        let mut call = self.function.call(items, revision);
        let returned = match self.limit.within(call.as_mut()).await {
            Ok(returned) => returned,
            Err(error) => return Err(FailureCause::Failed(Arc::new(error))),
        };
        let output = if self.is_fallible {
            UnitOutput::from_fallible(returned, self.source)
        } else {
            UnitOutput::from_infallible(returned, self.source)
        };
        match output.port {
            OutputPort::Error if self.error_port == ErrorPort::Unconnected => {
                let value = output.item.and_then(|item| item.into_value().ok());
                Err(FailureCause::Returned(value))
            }
            _ => Ok(output),
        }
    }

    /// Waits before the next attempt, each time twice as long.
    async fn pause(&self, attempts: u32) {
        if let Some(retry) = self.options.retry_policy() {
            let doubled = 1u32.checked_shl(attempts - 1).unwrap_or(u32::MAX);
            tokio::time::sleep(retry.backoff.saturating_mul(doubled)).await;
        }
    }
}
