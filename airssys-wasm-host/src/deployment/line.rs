//! Who waits for an instance: first come, first served.
//!
//! What is freed is handed to whoever is first, so that nothing lies idle while
//! somebody waits. Tests: below, and the workspace's `tests/instancing`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::oneshot::{Receiver, Sender, channel};

/// Waiters for a `T`.
pub(super) struct Line<T> {
    waiters: Mutex<VecDeque<Sender<T>>>,
    /// How many waiters there are, read without the lock.
    length: AtomicUsize,
}

/// A place in the line. Who leaves it before its turn is passed over.
pub(super) struct Waiter<T>(Receiver<T>);

impl<T> Line<T> {
    pub(super) fn new() -> Self {
        Self {
            waiters: Mutex::default(),
            length: AtomicUsize::new(0),
        }
    }

    /// Whether nobody waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::SeqCst) == 0
    }

    #[cfg(feature = "http")]
    pub(super) fn len(&self) -> usize {
        self.length.load(Ordering::SeqCst)
    }

    /// Takes the last place.
    pub(super) fn join(&self) -> Waiter<T> {
        let (sender, receiver) = channel();
        let mut waiters = self.waiters.lock();
        waiters.push_back(sender);
        self.length.store(waiters.len(), Ordering::SeqCst);
        Waiter(receiver)
    }

    /// Hands what `take` finds to those who wait, until it finds nothing or nobody
    /// waits. What a waiter who has left does not take goes `back`.
    pub(super) fn serve(&self, mut take: impl FnMut() -> Option<T>, mut back: impl FnMut(T)) {
        let mut waiters = self.waiters.lock();
        waiters.retain(|waiter| !waiter.is_closed());
        while !waiters.is_empty() {
            let Some(found) = take() else { break };
            let refused = waiters.pop_front().map(|waiter| waiter.send(found));
            if let Some(Err(found)) = refused {
                back(found);
            }
        }
        self.length.store(waiters.len(), Ordering::SeqCst);
    }
}

impl<T> Waiter<T> {
    /// Waits for its turn; none if the line is gone.
    pub(super) async fn turn(&mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }

    /// Leaves the line. What was handed over and not taken yet is returned.
    pub(super) fn leave(&mut self) -> Option<T> {
        self.0.close();
        self.0.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(line: &Line<u32>, mut stock: Vec<u32>) -> Vec<u32> {
        let back = std::cell::RefCell::new(Vec::new());
        line.serve(|| stock.pop(), |found| back.borrow_mut().push(found));
        stock.extend(back.into_inner());
        stock
    }

    #[test]
    fn everything_there_is_goes_to_those_who_wait_in_order() {
        let line = Line::new();
        let mut waiters: Vec<_> = (0..3).map(|_| line.join()).collect();
        assert_eq!(served(&line, vec![1, 2]), [0; 0]);
        assert!(!line.is_empty());
        assert_eq!(
            waiters.iter_mut().map(Waiter::leave).collect::<Vec<_>>(),
            [Some(2), Some(1), None]
        );
        assert_eq!(served(&line, vec![3]), [3], "nobody waits");
        assert!(line.is_empty());
    }

    #[test]
    fn who_has_left_is_passed_over() {
        let line = Line::new();
        drop(line.join());
        let mut second = line.join();
        assert_eq!(served(&line, vec![7]), [0; 0]);
        assert_eq!(second.leave(), Some(7));
    }
}
