//! The slots of a deployment for blocking operations: file operations and name lookups. Each runs
//! on one of the runtime's blocking threads, and a deployment runs a limited number at once.
//!
//! The operation itself holds its slot, not the future that waits for it. A stuck thread (a dead
//! server behind NFS, a FUSE daemon that does not answer) counts against its deployment until it
//! returns, even after the call has ended at its deadline. All revisions of a deployment share the
//! slots.
//! Tests: in this file, `tests/suite/capabilities/files_stuck.rs`.

use std::pin::pin;
use std::sync::Arc;

use tokio::task::{JoinError, spawn_blocking};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;

use crate::budget::{BudgetLease, DeploymentShare};

/// The slots for the blocking operations of one revision.
#[derive(Clone)]
pub(crate) struct BlockingSlots {
    share: Arc<DeploymentShare>,
    max: u64,
}

impl BlockingSlots {
    /// Creates the slots of a revision, which starts an operation only while its deployment runs
    /// fewer than `max`.
    pub(crate) fn new(share: &Arc<DeploymentShare>, max: usize) -> Self {
        Self {
            share: Arc::clone(share),
            max: max as u64,
        }
    }

    /// Runs an operation on a blocking thread, once a slot is free. Its permission may have been
    /// revoked by then, so the operation itself checks that again when it starts.
    ///
    /// Cancel safe for an operation that has not started: it never starts. An operation that has
    /// started continues and holds its slot.
    ///
    /// # Errors
    ///
    /// Fails if the operation panics or the runtime shuts down.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let lease = self.lease().await;
        spawn_blocking(move || run_with_lease(operation, lease)).await
    }

    /// Starts an operation, or queues it. Dropping the handle removes it from the queue.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        operation: impl FnOnce() -> T + Send + 'static,
    ) -> AbortOnDropJoinHandle<Result<T, JoinError>> {
        let this = self.clone();
        wasmtime_wasi::runtime::spawn(async move { this.run(operation).await })
    }

    /// Takes a slot. Operations of a deployment that wait for one get it in order.
    async fn lease(&self) -> BudgetLease {
        let _turn = self.share.locks().blocking.lock().await;
        loop {
            if let Some(lease) = self.try_lease() {
                return lease;
            }
            let mut freed = pin!(self.share.blocking().freed());
            freed.as_mut().enable();
            // An operation may have ended before `enable`.
            if let Some(lease) = self.try_lease() {
                return lease;
            }
            freed.await;
        }
    }

    fn try_lease(&self) -> Option<BudgetLease> {
        // Only the holder of the turn adds operations.
        let has_place = self.share.blocking().taken() < self.max;
        has_place
            .then(|| BudgetLease::take(&self.share, DeploymentShare::blocking).ok())
            .flatten()
    }
}

fn run_with_lease<T>(operation: impl FnOnce() -> T, lease: BudgetLease) -> T {
    let result = operation();
    drop(lease);
    result
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use parking_lot::Mutex;

    use super::*;
    use crate::budget::{Budget, DeploymentShares};

    /// The shares of a host that allows four operations in total and two per deployment.
    fn shares() -> DeploymentShares {
        DeploymentShares::new(&Budget {
            blocking_operations: 4,
            ..Budget::from_machine()
        })
    }

    fn slots(shares: &DeploymentShares, name: &str, max: usize) -> BlockingSlots {
        BlockingSlots::new(&shares.get(&name.parse().expect("a name")), max)
    }

    /// Returns an operation that blocks until its sender is dropped.
    fn stuck() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (sender, receiver) = mpsc::channel::<()>();
        (sender, move || {
            assert!(receiver.recv().is_err(), "nothing is sent")
        })
    }

    #[tokio::test]
    async fn a_stuck_operation_holds_its_slot_after_its_caller_gave_up() {
        let shares = shares();
        let one = slots(&shares, "greeter", 1);
        let (free, operation) = stuck();
        let waited = tokio::time::timeout(Duration::from_millis(20), one.run(operation)).await;
        assert!(waited.is_err(), "the operation is stuck");
        // Another revision, also one deployed after the deployment was removed.
        drop(one);
        let same = slots(&shares, "greeter", 1);
        let next = tokio::time::timeout(Duration::from_millis(20), same.run(|| ())).await;
        assert!(next.is_err(), "no slot is free");
        let wider = slots(&shares, "greeter", 2);
        wider
            .run(|| ())
            .await
            .expect("another revision may use two");
        drop(free);
        same.run(|| ()).await.expect("a slot is free again");
    }

    #[tokio::test]
    async fn queued_operations_run_in_order_and_can_be_cancelled() {
        let shares = shares();
        let one = slots(&shares, "greeter", 1);
        let (free, operation) = stuck();
        let first = one.spawn(operation);
        tokio::task::yield_now().await;
        let given_up = one.spawn(|| panic!("it must not start"));
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

    #[tokio::test]
    async fn deployments_together_stay_within_the_budget() {
        let shares = shares();
        let (frees, operations_stuck): (Vec<_>, Vec<_>) = (0..4).map(|_| stuck()).unzip();
        let names = ["a", "a", "b", "b"];
        let running: Vec<_> = names
            .iter()
            .zip(operations_stuck)
            .map(|(name, operation)| slots(&shares, name, 16).spawn(operation))
            .collect();
        while shares.get(&"b".parse().expect("a name")).blocking().taken() < 2 {
            tokio::task::yield_now().await;
        }
        let mut next = Box::pin({
            let other = slots(&shares, "c", 16);
            async move { other.run(|| ()).await }
        });
        assert!(
            futures_util::poll!(&mut next).is_pending(),
            "the host has no slot left"
        );
        drop(frees);
        for running in running {
            running.await.expect("it ended");
        }
        next.await.expect("a slot is free");
    }
}
