//! Blocking operations of a deployment: file operations and lookups of names, each on one of the
//! runtime's blocking threads, and no more of them at once than the deployment's limit.
//!
//! The operation itself holds its place, not the future that waits for it: a thread that is stuck
//! (a dead server behind NFS, a FUSE daemon that does not answer) counts against its deployment
//! until it returns, also after the call has ended at its deadline. All revisions of a deployment
//! share the places. Tests: below, and the workspace's `tests/suite/capabilities/files_stuck`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::{JoinError, spawn_blocking};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;

/// The blocking operations of one revision.
#[derive(Clone)]
pub(crate) struct BlockingOperations {
    shared: Arc<Shared>,
    max: usize,
}

/// What the revisions of a deployment share.
#[derive(Default)]
struct Shared {
    running: AtomicUsize,
    /// Held by the first in the line of those that wait; it is fair.
    turn: tokio::sync::Mutex<()>,
    /// Wakes the first in the line.
    ended: Notify,
}

/// A place that an operation holds until it has ended.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Release);
        self.0.ended.notify_one();
    }
}

impl BlockingOperations {
    /// Runs an operation on a blocking thread, once there is a place for it.
    ///
    /// Cancel safe as far as an operation that has not begun is concerned: it never begins. One
    /// that has begun goes on and keeps its place.
    ///
    /// # Errors
    ///
    /// If the operation panics, or the runtime ends.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let running = self.place().await;
        spawn_blocking(move || finish(operation, running)).await
    }

    /// Begins an operation, or puts it in the line. Dropping the handle takes it out of the line
    /// again.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> AbortOnDropJoinHandle<Result<T, JoinError>> {
        let this = self.clone();
        wasmtime_wasi::runtime::spawn(async move { this.run(operation).await })
    }

    async fn place(&self) -> Running {
        let _turn = self.shared.turn.lock().await;
        loop {
            // Whoever has the turn is the only one that adds.
            if self.shared.running.load(Ordering::Acquire) < self.max {
                self.shared.running.fetch_add(1, Ordering::AcqRel);
                return Running(Arc::clone(&self.shared));
            }
            self.shared.ended.notified().await;
        }
    }
}

fn finish<T>(operation: impl FnOnce() -> T, running: Running) -> T {
    let result = operation();
    drop(running);
    result
}

/// The places of every deployment of a host, by name.
#[derive(Default)]
pub(crate) struct BlockingPlaces(Mutex<HashMap<ComponentName, Weak<Shared>>>);

impl BlockingPlaces {
    /// Returns those of a deployment, of which a revision uses `max` at most. Operations that are
    /// stuck since before count, even if the name was removed meanwhile.
    pub(crate) fn of(&self, name: &ComponentName, max: usize) -> BlockingOperations {
        let mut all = self.0.lock();
        let shared = all.get(name).and_then(Weak::upgrade).unwrap_or_else(|| {
            all.retain(|_, shared| shared.strong_count() > 0);
            let shared = Arc::<Shared>::default();
            all.insert(name.clone(), Arc::downgrade(&shared));
            shared
        });
        BlockingOperations { shared, max }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn operations(places: &BlockingPlaces, max: usize) -> BlockingOperations {
        places.of(&"greeter".parse().expect("a name"), max)
    }

    /// An operation that is stuck until its sender is dropped.
    fn stuck() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (sender, receiver) = mpsc::channel::<()>();
        (sender, move || assert!(receiver.recv().is_err(), "nothing is sent"))
    }

    #[tokio::test]
    async fn a_stuck_operation_keeps_its_place_when_nobody_waits_for_it() {
        let places = BlockingPlaces::default();
        let one = operations(&places, 1);
        let (free, operation) = stuck();
        let waited = tokio::time::timeout(Duration::from_millis(20), one.run(operation)).await;
        assert!(waited.is_err(), "it is stuck");
        // Another revision, and one that is deployed after the name was removed.
        drop(one);
        let same = operations(&places, 1);
        let next = tokio::time::timeout(Duration::from_millis(20), same.run(|| ())).await;
        assert!(next.is_err(), "there is no place");
        let wider = operations(&places, 2);
        wider.run(|| ()).await.expect("another revision may use two");
        drop(free);
        same.run(|| ()).await.expect("there is a place again");
    }

    #[tokio::test]
    async fn what_waits_is_let_in_in_order_and_can_give_up() {
        let places = BlockingPlaces::default();
        let one = operations(&places, 1);
        let (free, operation) = stuck();
        let first = one.begin(operation);
        tokio::task::yield_now().await;
        let given_up = one.begin(|| panic!("it never begins"));
        tokio::task::yield_now().await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..3)
            .map(|n| {
                let (one, order) = (one.clone(), Arc::clone(&order));
                tokio::spawn(async move { one.run(move || order.lock().push(n)).await })
            })
            .collect();
        tokio::task::yield_now().await;
        drop(given_up);
        drop(free);
        first.await.expect("it ended");
        for waiting in waiting {
            waiting.await.expect("no panic").expect("it ran");
        }
        assert_eq!(*order.lock(), [0, 1, 2]);
    }
}
