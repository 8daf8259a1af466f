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
    pub(crate) fn register(&self, keeper: Weak<dyn InstanceHolder>) {
        let mut keepers = self.0.lock();
        keepers.retain(|keeper| keeper.strong_count() > 0);
        keepers.push(keeper);
    }

    /// Discards the held instances of the revisions for which `is_meant` returns `true`.
    pub(crate) fn release_where(&self, is_meant: impl Fn(&Arc<ActiveRevision>) -> bool) {
        let keepers: Vec<_> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        keepers
            .iter()
            .filter(|keeper| is_meant(keeper.active_revision()))
            .for_each(|keeper| keeper.release());
    }
}
