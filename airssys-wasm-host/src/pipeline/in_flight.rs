//! The items inside a pipeline, which a removal waits for.
//!
//! Tests: `tests/suite/pipelines/runs.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the items inside, and admits no more once it is closed.
#[derive(Default)]
pub(super) struct InFlightItems {
    count: AtomicUsize,
    is_closed: AtomicBool,
    changed: Notify,
}

/// A guard for an item inside the pipeline. The item leaves when it is dropped.
pub(super) struct ItemGuard(Arc<InFlightItems>);

impl InFlightItems {
    /// Admits an item. Returns `None` if the pipeline accepts no more items.
    pub(super) fn admit(self: &Arc<Self>) -> Option<ItemGuard> {
        self.count.fetch_add(1, Ordering::SeqCst);
        let guard = ItemGuard(Arc::clone(self));
        (!self.is_closed()).then_some(guard)
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Stops accepting items.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// Accepts items again, after a removal that failed.
    pub(super) fn reopen(&self) {
        self.is_closed.store(false, Ordering::SeqCst);
    }

    /// Waits until the pipeline accepts no more items.
    pub(super) async fn wait_until_closed(&self) {
        self.wait_until(|| self.is_closed()).await;
    }

    /// Waits until the last item has left.
    pub(super) async fn wait_until_empty(&self) {
        self.wait_until(|| self.count() == 0).await;
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    async fn wait_until(&self, until: impl Fn() -> bool) {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if until() {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for ItemGuard {
    fn drop(&mut self) {
        // Only a pipeline that accepts no more items is waited for.
        if self.0.count.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.is_closed() {
            self.0.changed.notify_waiters();
        }
    }
}
