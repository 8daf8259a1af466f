//! The ready instance of a lane, and counts of the calls that it serves.
//!
//! Tests: `tests/suite/observe.rs`, `tests/suite/promises`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The ready instance of a lane, and the number of calls that such instances have served. Only the call that has the instance counts, so a count needs no locked operation.
#[derive(Default)]
pub(super) struct ReadyCalls {
    has_instance: AtomicBool,
    begun: AtomicU64,
    ended: AtomicU64,
}

/// The sums over several lanes.
#[derive(Default)]
pub(super) struct ReadyCallCounts {
    /// The number of ready instances, in a slot or in a call.
    pub(super) instances: u64,
    pub(super) begun: u64,
    /// The number of calls that have begun and not ended.
    pub(super) running: u64,
}

impl ReadyCalls {
    /// Begins to have an instance. Returns `false` if there is one already.
    pub(super) fn begin(&self) -> bool {
        !self.has_instance.load(Ordering::Relaxed)
            && !self.has_instance.swap(true, Ordering::SeqCst)
    }

    /// Ends having an instance, even in the middle of a call.
    pub(super) fn end(&self) {
        self.end_call();
        self.has_instance.store(false, Ordering::SeqCst);
    }

    pub(super) fn has_instance(&self) -> bool {
        self.has_instance.load(Ordering::SeqCst)
    }

    /// Returns `true` if there is an instance that serves no call.
    #[cfg(feature = "http")]
    pub(super) fn has_idle_instance(&self) -> bool {
        self.has_instance() && self.running() == 0
    }

    #[inline]
    pub(super) fn begin_call(&self) {
        let begun = self.begun.load(Ordering::Relaxed);
        self.begun.store(begun + 1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn end_call(&self) {
        let begun = self.begun.load(Ordering::Relaxed);
        self.ended.store(begun, Ordering::Relaxed);
    }

    fn running(&self) -> u64 {
        let ended = self.ended.load(Ordering::Relaxed);
        self.begun.load(Ordering::Relaxed).saturating_sub(ended)
    }

    pub(super) fn add_to(&self, counts: &mut ReadyCallCounts) {
        counts.instances += u64::from(self.has_instance());
        counts.begun += self.begun.load(Ordering::Relaxed);
        counts.running += self.running();
    }
}
