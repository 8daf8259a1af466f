//! A deployment of a pipeline: one stage, or several that are fused.
//!
//! Tests: `tests/suite/pipelines`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use airssys_wasm_core::pipeline::{ComponentPipeline, OnError, SourceMode, StageOptions};
use airssys_wasm_core::world::Function;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::unconstrained;

use super::call::{StageCall, StageOutput, connect, interpret, interpret_result};
use super::dead_letter::FailureCause;
use super::item::{Item, Items};
use super::status::Counters;
use super::time::AttemptLimit;
use crate::deployment::DeploymentEntry;
use crate::{Deployment, Result};

pub(super) struct Unit {
    /// Its stages, by their places in the pipeline.
    pub(super) stages: Vec<usize>,
    /// The name of the first stage.
    pub(super) name: String,
    pub(super) named: Arc<DeploymentEntry>,
    call: Arc<dyn StageCall>,
    time: AttemptLimit,
    /// The number of inputs.
    pub(super) inputs: usize,
    pub(super) options: StageOptions,
    is_fallible: bool,
    pub(super) source: Option<SourceMode>,
    slots: Arc<Semaphore>,
    pub(super) counters: Counters,
}

/// The port of a unit for the errors that its function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorPort {
    /// An edge takes the errors.
    Connected,
    /// An error is a failure of its item.
    Unconnected,
}

/// The result of a unit for an item, after all attempts.
pub(super) enum StageResult {
    Returned(StageOutput),
    /// The item goes no further, as the options of its stage specify.
    Dropped(OnError, DroppedItem),
}

impl StageResult {
    /// Leaves the place with the output if that is a stream, which is still being written. Returns
    /// it otherwise.
    pub(super) fn hold_slot(&self, slot: UnitSlot) -> Option<UnitSlot> {
        match self {
            Self::Returned(StageOutput::Output(Some(item))) => item.hold_until_end(slot),
            _ => Some(slot),
        }
    }
}

/// An item that goes no further.
pub(super) struct DroppedItem {
    pub(super) revision: Option<u64>,
    pub(super) attempts: u32,
    pub(super) inputs: Vec<Item>,
    pub(super) cause: FailureCause,
}

/// A place at a unit.
pub(super) struct UnitSlot {
    _permit: OwnedSemaphorePermit,
}

/// A place at a unit, held or requested. Requests are granted in order.
pub(super) enum UnitPlace {
    Granted(UnitSlot),
    Queued(Pin<Box<dyn Future<Output = SlotPermit> + Send>>),
}

type SlotPermit = std::result::Result<OwnedSemaphorePermit, AcquireError>;

impl UnitSlot {
    fn from_permit(permit: SlotPermit) -> Self {
        Self {
            _permit: permit.expect("the semaphore is never closed"),
        }
    }
}

impl Unit {
    /// Creates the unit of some stages, given by their places in the pipeline, which a function of
    /// a deployment runs.
    pub(super) fn connect(
        pipeline: &ComponentPipeline,
        stages: &[usize],
        deployment: &Deployment,
        function: &Function,
    ) -> Result<Self> {
        let all = pipeline.stages();
        let (first, last) = (&all[stages[0]], &all[stages[stages.len() - 1]]);
        let named = &deployment.0;
        let call = connect(named, function, first, pipeline.name())?;
        let options = first.options().clone();
        Ok(Self {
            stages: stages.to_vec(),
            name: first.name().to_owned(),
            named: Arc::clone(named),
            call,
            time: AttemptLimit::for_stage(first, named),
            inputs: first.inputs().len(),
            is_fallible: last.is_fallible(),
            source: first.source(),
            slots: Arc::new(Semaphore::new(options.concurrency_max() as usize)),
            counters: Counters::default(),
            options,
        })
    }

    /// Joins the queue for a place at once. The place is granted when the result is awaited.
    pub(super) fn join_queue(&self) -> UnitPlace {
        // A permit is left over only if no item waits: it would have received it.
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return UnitPlace::Granted(UnitSlot { _permit: permit });
        }
        // The order of the queue is that of the first polls: tokio must not defer any of them.
        let mut permit = Box::pin(unconstrained(Arc::clone(&self.slots).acquire_owned()));
        match permit
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(permit) => UnitPlace::Granted(UnitSlot::from_permit(permit)),
            Poll::Pending => UnitPlace::Queued(permit),
        }
    }

    /// Waits for a place in the queue, and counts as waiting meanwhile.
    pub(super) async fn wait_for_place(&self, place: UnitPlace) -> UnitSlot {
        match place {
            UnitPlace::Granted(slot) => slot,
            UnitPlace::Queued(permit) => {
                let _waiting = self.counters.count_waiting();
                UnitSlot::from_permit(permit.await)
            }
        }
    }

    /// Returns `true` if results leave in the order of the items although several are processed at
    /// once.
    pub(super) fn keeps_order(&self) -> bool {
        self.options.ordering() == airssys_wasm_core::pipeline::OutputOrder::Kept
            && self.options.concurrency_max() > 1
    }

    /// Works on one item: makes the attempts that the options allow, and then gives it up as they
    /// specify. `now` is the time at the start, and is set to the time at the end.
    pub(super) async fn work(
        &self,
        items: Items,
        errors: ErrorPort,
        now: &mut Instant,
    ) -> StageResult {
        let attempts_max = self
            .options
            .retry_policy()
            .map_or(1, |retry| retry.attempts.max(1));
        let keeps = attempts_max > 1 || self.options.has_dead_letters();
        let mut items = Some(items);
        let mut attempt = 1;
        loop {
            let given = if keeps { items.clone() } else { items.take() };
            let revision = AtomicU64::new(0);
            let came = self.attempt(given.unwrap_or_default(), &revision).await;
            *now = self.counters.count_attempt(*now);
            let cause = match came {
                Ok(StageOutput::Error(error)) if errors == ErrorPort::Unconnected => {
                    FailureCause::Returned(value_of(error))
                }
                Ok(came) => return StageResult::Returned(came),
                Err(error) => FailureCause::Failed(Arc::new(error)),
            };
            if attempt < attempts_max {
                self.counters.count_retry();
                self.pause(attempt).await;
                *now = Instant::now();
                attempt += 1;
                continue;
            }
            let revision = Some(revision.into_inner()).filter(|revision| *revision > 0);
            let ended = DroppedItem {
                revision,
                attempts: attempt,
                inputs: items.take().unwrap_or_default().into_vec(),
                cause,
            };
            return StageResult::Dropped(self.action(&ended.cause), ended);
        }
    }

    async fn attempt(&self, items: Items, revision: &AtomicU64) -> Result<StageOutput> {
        let returned = self
            .time
            .within(self.call.call(items, revision).as_mut())
            .await?;
        Ok(if self.is_fallible {
            interpret_result(returned, self.source)
        } else {
            interpret(returned, self.source)
        })
    }

    /// Waits before the next attempt, each time twice as long.
    async fn pause(&self, attempt: u32) {
        if let Some(retry) = self.options.retry_policy() {
            let doubled = 1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX);
            tokio::time::sleep(retry.backoff.saturating_mul(doubled)).await;
        }
    }

    fn action(&self, cause: &FailureCause) -> OnError {
        match cause {
            FailureCause::Returned(_) => self.options.error_action().unwrap_or(OnError::Fail),
            FailureCause::Failed(_) => self.options.failure_action(),
        }
    }

    /// Returns the number of items that have a place. Those that wait for one are counted while
    /// they wait.
    pub(super) fn running(&self) -> usize {
        self.options.concurrency_max() as usize - self.slots.available_permits()
    }

    /// Returns the number of the active revision.
    pub(super) fn revision(&self) -> u64 {
        self.named.revision().number
    }
}

fn value_of(item: Option<Item>) -> Option<airssys_wasm_core::Value> {
    item.and_then(|item| item.into_value().ok())
}

/// Counts one more.
pub(super) fn increment(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
