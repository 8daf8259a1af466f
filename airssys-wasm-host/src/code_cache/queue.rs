//! Bounds concurrent compilations by the memory that they take.
//!
//! Tests: in this file.

use std::num::NonZero;
use std::thread::available_parallelism;

use parking_lot::{Condvar, Mutex};

/// Memory of a compilation regardless of the component, in bytes.
const MEMORY_BASE: u64 = 64 << 20;

/// Memory of a compilation for each byte of the component: half as much again as the 21 bytes
/// measured for components of several MB in Rust, C and Python.
const MEMORY_PER_BYTE: u64 = 32;

/// A queue that admits compilations in order of arrival, as many at once as fit into memory.
pub(super) struct CompileQueue {
    memory_max: u64,
    /// Held by the first in the queue, so that small components do not overtake a large one.
    turn: Mutex<()>,
    memory: Mutex<u64>,
    ended: Condvar,
}

/// A permit to compile a component.
pub(super) struct CompilePermit<'a> {
    queue: &'a CompileQueue,
    memory: u64,
}

impl CompileQueue {
    /// Creates a queue of compilations that together take at most `memory_max` bytes.
    pub(super) fn new(memory_max: u64) -> Self {
        Self {
            memory_max,
            turn: Mutex::new(()),
            memory: Mutex::new(0),
            ended: Condvar::new(),
        }
    }

    /// Waits until a component of this size may be compiled. Blocks.
    pub(super) fn enter(&self, bytes: u64) -> CompilePermit<'_> {
        self.take(self.memory_for(bytes))
    }

    /// Returns the memory that the compilation of a component of this size may take. Small
    /// compilations get an equal part of the total for each core; a large one may get all of it.
    fn memory_for(&self, bytes: u64) -> u64 {
        let cores = available_parallelism().map_or(1, NonZero::get) as u64;
        let needed = MEMORY_BASE.saturating_add(bytes.saturating_mul(MEMORY_PER_BYTE));
        needed.max(self.memory_max / cores).min(self.memory_max)
    }

    fn take(&self, memory: u64) -> CompilePermit<'_> {
        let _turn = self.turn.lock();
        let mut taken = self.memory.lock();
        while *taken + memory > self.memory_max {
            self.ended.wait(&mut taken);
        }
        *taken += memory;
        CompilePermit {
            queue: self,
            memory,
        }
    }
}

impl CompilePermit<'_> {
    /// Returns the memory that the compilation may take, in bytes.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }
}

impl Drop for CompilePermit<'_> {
    fn drop(&mut self) {
        *self.queue.memory.lock() -= self.memory;
        self.queue.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn concurrent_compilations_fit_into_memory_and_keep_their_order() {
        let queue = CompileQueue::new(10);
        thread::scope(|scope| {
            let (first, second) = (queue.take(4), queue.take(5));
            let (begin, begun) = mpsc::channel();
            let take = |memory: u64| {
                let (queue, begin) = (&queue, begin.clone());
                scope.spawn(move || {
                    let _compilation = queue.take(memory);
                    begin.send(memory).expect("the test waits for it");
                });
            };
            take(10);
            while queue.turn.try_lock().is_some() {
                assert!(begun.try_recv().is_err(), "it waits for the other two");
                thread::yield_now();
            }
            // It would fit, but is behind the large one.
            take(1);
            drop(first);
            assert!(begun.try_recv().is_err(), "the second is still compiled");
            drop(second);
            assert_eq!((begun.recv(), begun.recv()), (Ok(10), Ok(1)));
        });
        assert_eq!(*queue.memory.lock(), 0);
    }

    #[test]
    fn memory_grows_with_the_component_and_has_a_bound() {
        let queue = CompileQueue::new(1 << 30);
        let cores = available_parallelism().map_or(1, NonZero::get) as u64;
        assert!(queue.memory_for(0) >= MEMORY_BASE);
        assert!(queue.memory_for(0) >= (1 << 30) / cores);
        assert_eq!(queue.memory_for(u64::MAX), 1 << 30);
        let (queue, bytes) = (CompileQueue::new(64 << 30), 1 << 30);
        assert_eq!(
            queue.memory_for(bytes),
            (MEMORY_BASE + 32 * bytes).max((64 << 30) / cores)
        );
    }
}
