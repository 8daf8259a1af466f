//! One deployment of a pipeline: a stage, or several that were fused.
//!
//! Tests: the workspace's `tests/suite/pipelines`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use airssys_wasm_core::pipeline::{ComponentPipeline, OnError, Source, StageOptions};
use airssys_wasm_core::world::Function;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::task::unconstrained;

use super::call::{Call, Came, connect, meaning};
use super::item::{Item, Items};
use super::letter::Cause;
use super::status::Counters;
use super::time::AttemptTime;
use crate::deployment::Named;
use crate::{Deployment, Result};

pub(super) struct Unit {
    /// Its stages, by their places in the pipeline.
    pub(super) stages: Vec<usize>,
    /// The name of the first.
    pub(super) name: String,
    pub(super) named: Arc<Named>,
    call: Arc<dyn Call>,
    time: AttemptTime,
    /// How many it has.
    pub(super) inputs: usize,
    pub(super) options: StageOptions,
    is_fallible: bool,
    pub(super) source: Option<Source>,
    slots: Arc<Semaphore>,
    pub(super) counters: Counters,
}

/// What became of an item in the end.
pub(super) enum Done {
    Came(Came),
    /// It goes no further, by the options of its stage.
    Ended(OnError, Ended),
}

impl Done {
    /// Leaves a place with a stream that is still written there; gives it back otherwise.
    pub(super) fn hold(&self, slot: Slot) -> Option<Slot> {
        match self {
            Self::Came(Came::Output(Some(item))) => item.hold(slot),
            _ => Some(slot),
        }
    }
}

/// An item that goes no further.
pub(super) struct Ended {
    pub(super) revision: Option<u64>,
    pub(super) attempts: u32,
    pub(super) inputs: Vec<Item>,
    pub(super) cause: Cause,
}

/// A place at a unit.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// A place at a unit, in the order in which it was asked for.
pub(super) enum Place {
    Had(Slot),
    Awaited(Pin<Box<dyn Future<Output = Permit> + Send>>),
}

type Permit = std::result::Result<OwnedSemaphorePermit, AcquireError>;

impl Slot {
    fn of(permit: Permit) -> Self {
        Self {
            _permit: permit.expect("the line is never closed"),
        }
    }
}

impl Unit {
    /// A unit of some stages of a pipeline, by their places, that a function of a deployment is.
    pub(super) fn connected(
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
            time: AttemptTime::of(first, named),
            inputs: first.inputs().len(),
            is_fallible: last.is_fallible(),
            source: first.source(),
            slots: Arc::new(Semaphore::new(options.concurrency_max() as usize)),
            counters: Counters::default(),
            options,
        })
    }

    /// Joins those who wait for a place, now; the place comes when this is awaited.
    pub(super) fn line(&self) -> Place {
        // None is left over while somebody waits: it would have been theirs.
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Place::Had(Slot { _permit: permit });
        }
        // The order of the line is that of the first polls: none may be put off.
        let mut permit = Box::pin(unconstrained(Arc::clone(&self.slots).acquire_owned()));
        match permit
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(permit) => Place::Had(Slot::of(permit)),
            Poll::Pending => Place::Awaited(permit),
        }
    }

    /// Waits for a place in line, and is counted meanwhile.
    pub(super) async fn arrive(&self, place: Place) -> Slot {
        match place {
            Place::Had(slot) => slot,
            Place::Awaited(permit) => {
                let _waiting = self.counters.wait();
                Slot::of(permit.await)
            }
        }
    }

    /// Whether results leave in the order of the items though several are worked on.
    pub(super) fn keeps_order(&self) -> bool {
        self.options.ordering() == airssys_wasm_core::pipeline::Order::Kept
            && self.options.concurrency_max() > 1
    }

    /// Works on one item: tries, tries again, and gives it up by the options.
    /// `takes_errors` says whether an error has somewhere to go; `now` is the time, before and
    /// after.
    pub(super) async fn work(&self, items: Items, takes_errors: bool, now: &mut Instant) -> Done {
        let attempts_max = self
            .options
            .retries()
            .map_or(1, |retry| retry.attempts.max(1));
        let keeps = attempts_max > 1 || self.options.puts_aside();
        let mut items = Some(items);
        let mut attempt = 1;
        loop {
            let given = if keeps { items.clone() } else { items.take() };
            let revision = AtomicU64::new(0);
            let came = self.attempt(given.unwrap_or_default(), &revision).await;
            *now = self.counters.tried(*now);
            let cause = match came {
                Ok(Came::Error(error)) if !takes_errors => Cause::Returned(value_of(error)),
                Ok(came) => return Done::Came(came),
                Err(error) => Cause::Failed(Arc::new(error)),
            };
            if attempt < attempts_max {
                self.counters.retried();
                self.pause(attempt).await;
                *now = Instant::now();
                attempt += 1;
                continue;
            }
            let revision = Some(revision.into_inner()).filter(|revision| *revision > 0);
            let ended = Ended {
                revision,
                attempts: attempt,
                inputs: items.take().unwrap_or_default().into_vec(),
                cause,
            };
            return Done::Ended(self.action(&ended.cause), ended);
        }
    }

    async fn attempt(&self, items: Items, revision: &AtomicU64) -> Result<Came> {
        let returned = self
            .time
            .within(self.call.call(items, revision).as_mut())
            .await?;
        Ok(meaning(returned, self.is_fallible, self.source))
    }

    /// Longer before each further attempt.
    async fn pause(&self, attempt: u32) {
        if let Some(retry) = self.options.retries() {
            let doubled = 1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX);
            tokio::time::sleep(retry.backoff.saturating_mul(doubled)).await;
        }
    }

    fn action(&self, cause: &Cause) -> OnError {
        match cause {
            Cause::Returned(_) => self.options.error_action().unwrap_or(OnError::Fail),
            Cause::Failed(_) => self.options.failure_action(),
        }
    }

    /// Items that wait for a place are counted by whoever waits; those who have one, here.
    pub(super) fn running(&self) -> usize {
        self.options.concurrency_max() as usize - self.slots.available_permits()
    }

    /// The revision that serves it.
    pub(super) fn revision(&self) -> u64 {
        self.named.revision().number
    }
}

fn value_of(item: Option<Item>) -> Option<airssys_wasm_core::Value> {
    item.and_then(|item| item.into_value().ok())
}

/// Counts one more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
