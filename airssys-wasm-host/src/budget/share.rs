//! The part that one deployment has of a host: all its revisions and instances together.
//!
//! Tests: through the rooms that count here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;

/// Counts what one deployment takes.
pub(crate) struct DeploymentShare {
    name: ComponentName,
    /// Slices computed beyond the first of a call.
    slices: AtomicU64,
}

/// The shares of a host, by name.
#[derive(Default)]
pub(crate) struct DeploymentShares(Mutex<HashMap<ComponentName, Weak<DeploymentShare>>>);

/// Entries from which on those of removed names are swept: when the map is to grow anyway.
const SWEPT_FROM: usize = 64;

impl DeploymentShare {
    pub(crate) fn name(&self) -> &ComponentName {
        &self.name
    }

    pub(crate) fn count_slice(&self) {
        self.slices.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn slices(&self) -> u64 {
        self.slices.load(Ordering::Relaxed)
    }
}

impl DeploymentShares {
    /// The share of a name: the same for all its revisions.
    pub(crate) fn get(&self, name: &ComponentName) -> Arc<DeploymentShare> {
        let mut shares = self.0.lock();
        if let Some(share) = shares.get(name).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= SWEPT_FROM && shares.len() == shares.capacity() {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(DeploymentShare { name: name.clone(), slices: AtomicU64::default() });
        shares.insert(name.clone(), Arc::downgrade(&share));
        share
    }
}
