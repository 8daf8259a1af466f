//! Instances held by others between calls, with the resources open in them.
//!
//! Holds only weak references, so it keeps no holder alive.
//! Tests: `tests/suite/links/resources.rs`.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::ActiveRevision;

/// A holder of an instance between calls.
pub(crate) trait InstanceHolder: Send + Sync {
    /// Returns the revision that the instance belongs to.
    fn active_revision(&self) -> &Arc<ActiveRevision>;

    /// Discards the instance with all resources open in it, unless a call is using it.
    fn release(&self);
}

/// Every possible holder of an instance of one deployment.
#[derive(Default)]
pub(crate) struct InstanceHolders(Mutex<Vec<Weak<dyn InstanceHolder>>>);

impl InstanceHolders {
    pub(crate) fn register(&self, holder: Weak<dyn InstanceHolder>) {
        let mut holders = self.0.lock();
        holders.retain(|holder| holder.strong_count() > 0);
        holders.push(holder);
    }

    /// Discards the held instances of the revisions for which `is_meant` returns `true`.
    pub(crate) fn release_where(&self, is_meant: impl Fn(&Arc<ActiveRevision>) -> bool) {
        let holders: Vec<_> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        holders
            .iter()
            .filter(|holder| is_meant(holder.active_revision()))
            .for_each(|holder| holder.release());
    }
}
