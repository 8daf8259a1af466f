//! Blocking operations of a deployment: file operations and lookups of names, each on one of the
//! runtime's blocking threads, and no more of them at once than the deployment's limit.
//!
//! The operation itself holds its place, not the future that waits for it: a thread that is stuck
//! (a dead server behind NFS, a FUSE daemon that does not answer) counts against its deployment
//! until it returns, also after the call has ended at its deadline. All revisions of a deployment
//! share the places. Tests: below, and the workspace's `tests/suite/capabilities/files_stuck`.

use std::pin::pin;
use std::sync::Arc;

use tokio::task::{JoinError, spawn_blocking};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;

use crate::budget::{DeploymentShare, Lease};

/// The blocking operations of one revision.
#[derive(Clone)]
pub(crate) struct BlockingOperations {
    share: Arc<DeploymentShare>,
    max: u64,
}

impl BlockingOperations {
    /// Those of a deployment, of which a revision runs `max` at most.
    pub(crate) fn new(share: &Arc<DeploymentShare>, max: usize) -> Self {
        Self {
            share: Arc::clone(share),
            max: max as u64,
        }
    }

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
        let lease = self.lease().await;
        spawn_blocking(move || finish(operation, lease)).await
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

    /// Takes a place: those of a deployment that wait for one have their turns in order.
    async fn lease(&self) -> Lease {
        let _turn = self.share.turns().blocking.lock().await;
        loop {
            if let Some(lease) = self.try_lease() {
                return lease;
            }
            let mut freed = pin!(self.share.blocking().freed());
            freed.as_mut().enable();
            // One may have ended before that.
            if let Some(lease) = self.try_lease() {
                return lease;
            }
            freed.await;
        }
    }

    fn try_lease(&self) -> Option<Lease> {
        // The one that has the turn is the only one that adds.
        let has_place = self.share.blocking().taken() < self.max;
        has_place
            .then(|| Lease::take(&self.share, DeploymentShare::blocking).ok())
            .flatten()
    }
}

fn finish<T>(operation: impl FnOnce() -> T, lease: Lease) -> T {
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

    /// The shares of a host whose deployments may run four operations, and each two of them.
    fn shares() -> DeploymentShares {
        DeploymentShares::new(&Budget {
            blocking_operations: 4,
            ..Budget::from_machine()
        })
    }

    fn operations(shares: &DeploymentShares, name: &str, max: usize) -> BlockingOperations {
        BlockingOperations::new(&shares.get(&name.parse().expect("a name")), max)
    }

    /// An operation that is stuck until its sender is dropped.
    fn stuck() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (sender, receiver) = mpsc::channel::<()>();
        (sender, move || {
            assert!(receiver.recv().is_err(), "nothing is sent")
        })
    }

    #[tokio::test]
    async fn a_stuck_operation_keeps_its_place_when_nobody_waits_for_it() {
        let shares = shares();
        let one = operations(&shares, "greeter", 1);
        let (free, operation) = stuck();
        let waited = tokio::time::timeout(Duration::from_millis(20), one.run(operation)).await;
        assert!(waited.is_err(), "it is stuck");
        // Another revision, and one that is deployed after the name was removed.
        drop(one);
        let same = operations(&shares, "greeter", 1);
        let next = tokio::time::timeout(Duration::from_millis(20), same.run(|| ())).await;
        assert!(next.is_err(), "there is no place");
        let wider = operations(&shares, "greeter", 2);
        wider
            .run(|| ())
            .await
            .expect("another revision may use two");
        drop(free);
        same.run(|| ()).await.expect("there is a place again");
    }

    #[tokio::test]
    async fn what_waits_is_let_in_in_order_and_can_give_up() {
        let shares = shares();
        let one = operations(&shares, "greeter", 1);
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

    #[tokio::test]
    async fn all_deployments_together_have_no_more_than_the_budget() {
        let shares = shares();
        let (frees, operations_stuck): (Vec<_>, Vec<_>) = (0..4).map(|_| stuck()).unzip();
        let names = ["a", "a", "b", "b"];
        let running: Vec<_> = names
            .iter()
            .zip(operations_stuck)
            .map(|(name, operation)| operations(&shares, name, 16).begin(operation))
            .collect();
        while shares.get(&"b".parse().expect("a name")).blocking().taken() < 2 {
            tokio::task::yield_now().await;
        }
        let mut next = Box::pin({
            let other = operations(&shares, "c", 16);
            async move { other.run(|| ()).await }
        });
        assert!(
            futures_util::poll!(&mut next).is_pending(),
            "the host has none left"
        );
        drop(frees);
        for running in running {
            running.await.expect("it ended");
        }
        next.await.expect("there is a place");
    }
}
