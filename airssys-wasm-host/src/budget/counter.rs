//! A counter with a maximum.
//!
//! Tests: in this file.

use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct BoundedCounter {
    taken: AtomicU64,
    max: u64,
}

impl BoundedCounter {
    pub(super) fn new(max: u64) -> Self {
        Self {
            taken: AtomicU64::new(0),
            max,
        }
    }

    pub(super) fn max(&self) -> u64 {
        self.max
    }

    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Takes `amount` if that much is left. Returns `true` if it did.
    pub(super) fn take(&self, amount: u64) -> bool {
        let fits = |taken: u64| taken.checked_add(amount).filter(|taken| *taken <= self.max);
        self.taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits)
            .is_ok()
    }

    /// Returns `amount` to the counter.
    pub(super) fn release(&self, amount: u64) {
        self.taken.fetch_sub(amount, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_no_more_than_the_maximum() {
        let counter = BoundedCounter::new(10);
        assert!(counter.take(10));
        assert!(!counter.take(1) && !counter.take(u64::MAX));
        counter.release(4);
        assert!(counter.take(4));
        assert_eq!(counter.taken(), 10);
    }
}
