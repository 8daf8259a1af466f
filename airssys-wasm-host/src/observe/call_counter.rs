//! The identity of an instance's current call.
//!
//! Tests: `tests/suite/observe.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::CallId;

/// The number of an instance, and the number of calls to it so far.
#[derive(Default)]
pub(crate) struct CallCounter {
    instance: u64,
    calls: AtomicU64,
}

impl CallCounter {
    pub(crate) fn new(instance: u64) -> Self {
        Self {
            instance,
            calls: AtomicU64::default(),
        }
    }

    /// Counts a call that begins. An instance has one call at a time.
    #[inline]
    pub(crate) fn begin_call(&self) {
        let calls = self.calls.load(Ordering::Relaxed);
        self.calls.store(calls + 1, Ordering::Relaxed);
    }

    /// Returns the identity of the current call.
    pub(crate) fn current(&self) -> CallId {
        CallId {
            instance: self.instance,
            call: self.calls.load(Ordering::Relaxed),
        }
    }
}
