//! Instances held by others between calls, with the resources open in them.
//!
//! Holds only weak references, so it keeps no holder alive.
//! Tests: `tests/suite/links/resources.rs`.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Serving;

/// A holder of an instance between calls.
pub(crate) trait Keeper: Send + Sync {
    /// Returns the revision that the instance belongs to.
    fn serving(&self) -> &Arc<Serving>;

    /// Discards the instance with all resources open in it, unless a call is using it.
    fn let_go(&self);
}

/// Every possible holder of an instance of one deployment.
#[derive(Default)]
pub(crate) struct Keepers(Mutex<Vec<Weak<dyn Keeper>>>);

impl Keepers {
    pub(crate) fn register(&self, keeper: Weak<dyn Keeper>) {
        let mut keepers = self.0.lock();
        keepers.retain(|keeper| keeper.strong_count() > 0);
        keepers.push(keeper);
    }

    /// Discards the held instances of the revisions for which `is_meant` returns `true`.
    pub(crate) fn let_go_of(&self, is_meant: impl Fn(&Arc<Serving>) -> bool) {
        let keepers: Vec<_> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        keepers
            .iter()
            .filter(|keeper| is_meant(keeper.serving()))
            .for_each(|keeper| keeper.let_go());
    }
}
