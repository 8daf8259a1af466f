//! Instances that others keep to themselves, with what they have open in them.
//!
//! Keeps nobody alive. Tests: the workspace's `tests/suite/links/resources`.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::Serving;

/// Somebody who keeps an instance between calls.
pub(crate) trait Keeper: Send + Sync {
    /// What it is an instance of.
    fn serving(&self) -> &Arc<Serving>;

    /// Discards it, with all that is open in it, unless a call uses it.
    fn let_go(&self);
}

/// Everybody who may keep an instance of one deployment.
#[derive(Default)]
pub(crate) struct Keepers(Mutex<Vec<Weak<dyn Keeper>>>);

impl Keepers {
    pub(crate) fn register(&self, keeper: Weak<dyn Keeper>) {
        let mut keepers = self.0.lock();
        keepers.retain(|keeper| keeper.strong_count() > 0);
        keepers.push(keeper);
    }

    /// Has those let go whose instance is one of a serving that is meant.
    pub(crate) fn let_go_of(&self, is_meant: impl Fn(&Arc<Serving>) -> bool) {
        let keepers: Vec<_> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        keepers
            .iter()
            .filter(|keeper| is_meant(keeper.serving()))
            .for_each(|keeper| keeper.let_go());
    }
}
