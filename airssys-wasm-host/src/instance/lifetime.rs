//! The end of an instance, visible to work that outlives its call.
//!
//! Tests: `tests/suite/capabilities/http.rs`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// A flag that is set once an instance has ended, before its handles are dropped: the end of a
/// dropped body looks like the end of a complete one. Allocated once somebody watches it.
#[derive(Default)]
pub(crate) struct LifetimeFlag(OnceLock<Arc<AtomicBool>>);

impl LifetimeFlag {
    /// Marks the instance as ended.
    pub(crate) fn mark_ended(&self) {
        if let Some(ended) = self.0.get() {
            ended.store(true, Ordering::SeqCst);
        }
    }

    /// Returns a flag that is `true` once the instance is being dropped.
    pub(crate) fn ended(&self) -> Arc<AtomicBool> {
        Arc::clone(self.0.get_or_init(Arc::default))
    }
}

impl Drop for LifetimeFlag {
    fn drop(&mut self) {
        self.mark_ended();
    }
}
