//! The items inside a pipeline: at most a fixed number, of all calls and runs together. A removal
//! waits for them.
//!
//! Tests: in this file, `tests/suite/pipelines/runs.rs`.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{Either, select};
use tokio::sync::{Notify, Semaphore};

/// Counts the items inside, and admits no more than fit, and none once it is closed.
pub(super) struct InFlightItems {
    /// The places for further items. Given to those that wait in the order of their arrival.
    places: Semaphore,
    count: AtomicUsize,
    /// `true` if no item is admitted.
    is_closed: AtomicBool,
    /// `true` if none will be.
    is_ended: AtomicBool,
    changed: Notify,
}

/// A guard for an item inside the pipeline. The item leaves when it is dropped.
pub(super) struct ItemGuard(Arc<InFlightItems>);

/// A pipeline that admits no items, because it is being removed. Dropping it ends the runs.
pub(super) struct ClosedPipeline<'a>(&'a InFlightItems);

impl InFlightItems {
    /// Creates the count of a pipeline that holds at most `max` items.
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Semaphore::new(max.min(Semaphore::MAX_PERMITS)),
            count: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
            is_ended: AtomicBool::new(false),
            changed: Notify::new(),
        })
    }

    /// Admits an item if there is a place for it, and no other item waits for one.
    #[inline]
    pub(super) fn try_admit(self: &Arc<Self>) -> Option<ItemGuard> {
        self.places.try_acquire().ok()?.forget();
        self.enter()
    }

    /// Admits an item once there is a place for it. Returns `None` if the pipeline accepts no more
    /// items.
    pub(super) async fn admit(self: &Arc<Self>) -> Option<ItemGuard> {
        match self.try_admit() {
            Some(guard) => Some(guard),
            None => Box::pin(self.wait_for_place()).await,
        }
    }

    /// Admits an item of a run, which outlasts a removal that fails. Returns `None` if the run ends.
    pub(super) async fn admit_to_run(self: &Arc<Self>) -> Option<ItemGuard> {
        loop {
            if let Some(guard) = self.admit().await {
                return Some(guard);
            }
            self.wait_until(|| !self.is_closed() || self.is_ended())
                .await;
            if self.is_ended() {
                return None;
            }
        }
    }

    async fn wait_for_place(self: &Arc<Self>) -> Option<ItemGuard> {
        let (place, closed) = (
            pin!(self.places.acquire()),
            pin!(self.wait_until(|| self.is_closed())),
        );
        match select(place, closed).await {
            Either::Left((place, _)) => {
                place.expect("the semaphore is never closed").forget();
                self.enter()
            }
            Either::Right(_) => None,
        }
    }

    /// Counts an item that has a place. Returns `None` if the pipeline is closed.
    #[inline]
    fn enter(self: &Arc<Self>) -> Option<ItemGuard> {
        self.count.fetch_add(1, Ordering::SeqCst);
        let guard = ItemGuard(Arc::clone(self));
        (!self.is_closed()).then_some(guard)
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Stops admitting items. Those that wait for a place are refused, except for those of runs.
    pub(super) fn close(&self) -> ClosedPipeline<'_> {
        self.is_closed.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
        ClosedPipeline(self)
    }

    /// Waits until the pipeline is removed, or its removal was abandoned.
    pub(super) async fn wait_until_ended(&self) {
        self.wait_until(|| self.is_ended()).await;
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::SeqCst)
    }

    async fn wait_until(&self, until: impl Fn() -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if until() {
                return;
            }
            changed.await;
        }
    }
}

impl ClosedPipeline<'_> {
    /// Waits until the last item has left.
    pub(super) async fn wait_until_empty(&self) {
        self.0.wait_until(|| self.0.count() == 0).await;
    }

    /// Admits items again, after a removal that failed. Runs continue.
    pub(super) fn reopen(self) {
        let items = self.0;
        std::mem::forget(self);
        items.is_ended.store(false, Ordering::SeqCst);
        items.is_closed.store(false, Ordering::SeqCst);
        items.changed.notify_waiters();
    }
}

impl Drop for ClosedPipeline<'_> {
    fn drop(&mut self) {
        self.0.is_closed.store(true, Ordering::SeqCst);
        self.0.is_ended.store(true, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Drop for ItemGuard {
    fn drop(&mut self) {
        let items = &self.0;
        // Counted before its place is free, so that the count never exceeds the maximum.
        let is_last = items.count.fetch_sub(1, Ordering::SeqCst) == 1;
        items.places.add_permits(1);
        // Only a pipeline that accepts no more items is waited for.
        if is_last && items.is_closed() {
            items.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, poll};

    use super::*;

    #[tokio::test]
    async fn items_wait_for_a_place_in_turn() {
        let items = InFlightItems::new(1);
        let first = items.admit().await.expect("a place");
        let (mut second, mut third) = (Box::pin(items.admit()), Box::pin(items.admit_to_run()));
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        drop(first);
        assert!(items.try_admit().is_none(), "others wait");
        let second = second.now_or_never().flatten().expect("its turn");
        assert!(poll!(&mut third).is_pending());
        assert_eq!(items.count(), 1);
        drop(second);
        drop(third.now_or_never().flatten().expect("its turn"));
        assert_eq!(items.count(), 0);
    }

    #[tokio::test]
    async fn closing_refuses_items_and_runs_wait_for_the_outcome() {
        let items = InFlightItems::new(1);
        let first = items.admit().await.expect("a place");
        let (mut call, mut run) = (Box::pin(items.admit()), Box::pin(items.admit_to_run()));
        assert!(poll!(&mut call).is_pending() && poll!(&mut run).is_pending());
        let closed = items.close();
        assert!(call.now_or_never().expect("it ends").is_none());
        drop(first);
        closed.wait_until_empty().await;
        assert!(items.admit().await.is_none());
        assert!(poll!(&mut run).is_pending());
        closed.reopen();
        drop(run.now_or_never().flatten().expect("the run continues"));
        drop(items.close());
        assert!(items.admit_to_run().await.is_none(), "the run ends");
        items.wait_until_ended().await;
    }
}
