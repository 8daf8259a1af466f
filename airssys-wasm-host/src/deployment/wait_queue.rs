//! The queue of calls that wait for an instance: first come, first served.
//!
//! A freed instance is handed to the first waiter, so that none is idle while a call waits.
//! Tests: `tests/suite/instancing.rs`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// A queue of waiters for a `T`.
pub(super) struct WaitQueue<T> {
    waiters: Mutex<VecDeque<Sender<T>>>,
    /// The number of waiters, readable without the lock.
    length: AtomicUsize,
}

/// A place in the queue. A waiter that leaves early is skipped.
pub(super) struct Waiter<T>(Receiver<T>);

impl<T> WaitQueue<T> {
    pub(super) fn new() -> Self {
        Self {
            waiters: Mutex::default(),
            length: AtomicUsize::new(0),
        }
    }

    /// Returns `true` if the queue is empty.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::SeqCst) == 0
    }

    #[cfg(feature = "http")]
    pub(super) fn len(&self) -> usize {
        self.length.load(Ordering::SeqCst)
    }

    /// Joins the end of the queue.
    pub(super) fn join(&self) -> Waiter<T> {
        let (sender, receiver) = channel();
        let mut waiters = self.waiters.lock();
        waiters.push_back(sender);
        self.length.store(waiters.len(), Ordering::SeqCst);
        Waiter(receiver)
    }

    /// Hands the values that `take` returns to the waiters, until it returns `None` or the queue is
    /// empty. Returns a value whose waiter has left, if no other was left for it. The queue is locked
    /// while `take` runs.
    #[must_use = "a value without a waiter must go back"]
    pub(super) fn serve(&self, mut take: impl FnMut() -> Option<T>) -> Option<T> {
        let mut unclaimed = None;
        let mut waiters = self.waiters.lock();
        waiters.retain(|waiter| !waiter.is_closed());
        while let Some(waiter) = waiters.pop_front() {
            let Some(found) = unclaimed.take().or_else(&mut take) else {
                waiters.push_front(waiter);
                break;
            };
            unclaimed = waiter.send(found).err();
        }
        self.length.store(waiters.len(), Ordering::SeqCst);
        unclaimed
    }
}

impl<T> Waiter<T> {
    /// Waits for a value. Returns `None` if the queue was dropped.
    pub(super) async fn wait(&mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }

    /// Leaves the queue. Returns a value that was handed over and not taken yet.
    pub(super) fn leave(&mut self) -> Option<T> {
        self.0.close();
        self.0.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(queue: &WaitQueue<u32>, mut stock: Vec<u32>) -> Vec<u32> {
        let unclaimed = queue.serve(|| stock.pop());
        stock.extend(unclaimed);
        stock
    }

    #[test]
    fn values_go_to_waiters_in_order() {
        let queue = WaitQueue::new();
        let mut waiters: Vec<_> = (0..3).map(|_| queue.join()).collect();
        assert_eq!(served(&queue, vec![1, 2]), [0; 0]);
        assert!(!queue.is_empty());
        assert_eq!(
            waiters.iter_mut().map(Waiter::leave).collect::<Vec<_>>(),
            [Some(2), Some(1), None]
        );
        assert_eq!(served(&queue, vec![3]), [3], "the queue is empty");
        assert!(queue.is_empty());
    }

    #[test]
    fn a_departed_waiter_is_skipped() {
        let queue = WaitQueue::new();
        drop(queue.join());
        let mut second = queue.join();
        assert_eq!(served(&queue, vec![7]), [0; 0]);
        assert_eq!(second.leave(), Some(7));
    }
}
