//! Bounds how much is compiled at the same time.
//!
//! The compiler needs memory in proportion to what it compiles. Tests: below.

use parking_lot::{Condvar, Mutex};

/// Lets components be compiled in the order in which they come, as many at once as the bound
/// allows. One that is larger than the bound is compiled alone.
pub(super) struct CompileQueue {
    bytes_max: u64,
    /// Held by the first that waits, so that small components do not overtake a large one.
    turn: Mutex<()>,
    bytes: Mutex<u64>,
    ended: Condvar,
}

/// Held while a component is compiled.
pub(super) struct Compilation<'a> {
    queue: &'a CompileQueue,
    bytes: u64,
}

impl CompileQueue {
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { bytes_max, turn: Mutex::new(()), bytes: Mutex::new(0), ended: Condvar::new() }
    }

    /// Waits until a component of so many bytes may be compiled. Blocks.
    pub(super) fn enter(&self, bytes: u64) -> Compilation<'_> {
        let _turn = self.turn.lock();
        let mut taken = self.bytes.lock();
        while *taken > 0 && *taken + bytes > self.bytes_max {
            self.ended.wait(&mut taken);
        }
        *taken += bytes;
        Compilation { queue: self, bytes }
    }
}

impl Drop for Compilation<'_> {
    fn drop(&mut self) {
        *self.queue.bytes.lock() -= self.bytes;
        self.queue.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn no_more_is_compiled_at_once_than_may_be_and_nobody_overtakes() {
        let queue = CompileQueue::new(10);
        thread::scope(|scope| {
            let (first, second) = (queue.enter(4), queue.enter(5));
            let (begin, begun) = mpsc::channel();
            let enter = |bytes: u64| {
                let (queue, begin) = (&queue, begin.clone());
                scope.spawn(move || {
                    let _compilation = queue.enter(bytes);
                    begin.send(bytes).expect("the test waits for it");
                });
            };
            enter(20);
            while queue.turn.try_lock().is_some() {
                thread::yield_now();
            }
            // It would fit, and comes after the large one.
            enter(1);
            drop(first);
            assert!(begun.try_recv().is_err(), "the second goes on");
            drop(second);
            assert_eq!((begun.recv(), begun.recv()), (Ok(20), Ok(1)));
        });
        assert_eq!(*queue.bytes.lock(), 0);
    }
}
