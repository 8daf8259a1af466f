//! The slots of a unit: the number of items that it works on at once, and the queue for them.
//!
//! Tests: `tests/suite/pipelines/runs.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::unconstrained;

/// The slots of a unit. They are granted in the order of the requests.
pub(in super::super) struct UnitSlots {
    semaphore: Arc<Semaphore>,
    slots_max: usize,
    waiting: AtomicU64,
}

/// The right to be worked on by a unit, until it is dropped.
pub(in super::super) struct UnitSlot {
    _permit: OwnedSemaphorePermit,
}

/// A request for a slot, which keeps its place in the queue until it is dropped.
pub(in super::super) enum SlotRequest {
    Granted(UnitSlot),
    Queued(QueuedSlot),
}

/// The slot of a request that is in the queue. [`UnitSlots::wait`] waits for it.
pub(in super::super) struct QueuedSlot(Pin<Box<dyn Future<Output = UnitSlot> + Send>>);

impl UnitSlots {
    pub(super) fn new(slots_max: u32) -> Self {
        Self {
            semaphore: Arc::new(Semaphore::new(slots_max as usize)),
            slots_max: slots_max as usize,
            waiting: AtomicU64::new(0),
        }
    }

    /// Requests a slot. The request is in the queue from here on.
    #[inline]
    pub(in super::super) fn request(&self) -> SlotRequest {
        // A permit is left over only if no item waits: it would have received it.
        if let Ok(permit) = Arc::clone(&self.semaphore).try_acquire_owned() {
            return SlotRequest::Granted(UnitSlot { _permit: permit });
        }
        let semaphore = Arc::clone(&self.semaphore);
        let permit = async move {
            let permit = semaphore.acquire_owned().await;
            UnitSlot {
                _permit: permit.expect("the semaphore is never closed"),
            }
        };
        // The order of the queue is that of the first polls: tokio must not defer any of them.
        let mut queued = Box::pin(unconstrained(permit));
        let mut context = Context::from_waker(Waker::noop());
        match queued.as_mut().poll(&mut context) {
            Poll::Ready(slot) => SlotRequest::Granted(slot),
            Poll::Pending => SlotRequest::Queued(QueuedSlot(queued)),
        }
    }

    /// Waits for a slot of this unit. The item counts as waiting meanwhile.
    pub(in super::super) async fn wait(&self, queued: QueuedSlot) -> UnitSlot {
        let _waiting = WaitingItem::new(&self.waiting);
        queued.0.await
    }

    /// Returns the number of slots in use.
    pub(in super::super) fn in_use(&self) -> usize {
        self.slots_max - self.semaphore.available_permits()
    }

    /// Returns the number of items that wait for a slot.
    pub(in super::super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A guard that counts a waiting item.
struct WaitingItem<'a>(&'a AtomicU64);

impl<'a> WaitingItem<'a> {
    fn new(waiting: &'a AtomicU64) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for WaitingItem<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
