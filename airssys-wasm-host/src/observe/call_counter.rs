//! The identity of an instance's current call.
//!
//! Tests: `tests/suite/observe.rs`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::CallId;

/// The number of an instance, the number of calls to it so far, and whether the current one has
/// left a line of output unfinished.
#[derive(Default)]
pub(crate) struct CallCounter {
    instance: u64,
    calls: AtomicU64,
    /// Here rather than with the output, because each call begins with this value in the cache.
    has_unfinished_line: AtomicBool,
}

impl CallCounter {
    pub(crate) fn new(instance: u64) -> Self {
        Self {
            instance,
            calls: AtomicU64::default(),
            has_unfinished_line: AtomicBool::default(),
        }
    }

    /// Returns `true` if a line may be unfinished.
    #[inline]
    pub(crate) fn has_unfinished_line(&self) -> bool {
        self.has_unfinished_line.load(Ordering::Relaxed)
    }

    pub(crate) fn set_unfinished_line(&self, is_unfinished: bool) {
        self.has_unfinished_line
            .store(is_unfinished, Ordering::Relaxed);
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
