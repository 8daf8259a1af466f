//! A registry of reserved names and their values.
//!
//! A name is reserved before its value is ready, so that it cannot be prepared twice. Errors for
//! names that are taken or unknown are left to the owner of the registry.
//!
//! Tests: `tests/suite/bad_input.rs`, `tests/suite/pipelines/refused.rs`.

mod deployments;
mod lookup;
mod removal;

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use parking_lot::RwLock;

pub(crate) use deployments::DeploymentTable;
#[cfg(feature = "http")]
pub(crate) use lookup::{FoundDeployment, PendingRestore};

/// The value of each name; `None` while it is being prepared.
pub(crate) type Entries<T> = BTreeMap<ComponentName, Option<Arc<T>>>;

pub(crate) struct NameRegistry<T>(pub(crate) Arc<RwLock<Entries<T>>>);

/// A reserved name. Dropping it before it is filled frees the name.
pub(crate) struct NameReservation<T> {
    registry: NameRegistry<T>,
    name: ComponentName,
    filled: bool,
}

impl<T> NameRegistry<T> {
    /// Reserves a name. Returns `None` if it is taken.
    pub(crate) fn reserve(&self, name: &ComponentName) -> Option<NameReservation<T>> {
        let mut entries = self.0.write();
        if entries.contains_key(name) {
            return None;
        }
        entries.insert(name.clone(), None);
        Some(NameReservation {
            registry: Self(Arc::clone(&self.0)),
            name: name.clone(),
            filled: false,
        })
    }

    /// Removes a name.
    pub(crate) fn remove(&self, name: &ComponentName) {
        self.0.write().remove(name);
    }
}

impl<T> Default for NameRegistry<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> NameReservation<T> {
    pub(crate) fn name(&self) -> &ComponentName {
        &self.name
    }

    /// Frees the name.
    pub(crate) fn release(&mut self) {
        self.registry.remove(&self.name);
    }

    pub(crate) fn fill(&mut self, what: &Arc<T>) {
        self.registry
            .0
            .write()
            .insert(self.name.clone(), Some(Arc::clone(what)));
        self.filled = true;
    }
}

impl<T> Drop for NameReservation<T> {
    fn drop(&mut self) {
        if !self.filled {
            self.registry.remove(&self.name);
        }
    }
}
