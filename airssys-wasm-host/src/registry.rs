//! Names that are taken, and what each stands for.
//!
//! A name is taken before what it stands for is ready, so that two cannot be made ready for
//! one. What to say of a name that is taken or not there is for whoever keeps the registry.
//! Tests: the workspace's `tests/suite/bad_input` and `tests/suite/pipelines/refused`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use parking_lot::RwLock;

/// What each name stands for; none yet for one that is being made ready.
pub(crate) type Entries<T> = BTreeMap<ComponentName, Option<Arc<T>>>;

pub(crate) struct Registry<T>(pub(crate) Arc<RwLock<Entries<T>>>);

/// A name that is taken. Dropped without being filled, it is free again.
pub(crate) struct Reserved<T> {
    registry: Registry<T>,
    name: ComponentName,
    filled: bool,
}

impl<T> Registry<T> {
    /// Takes a name; none if somebody has it.
    pub(crate) fn reserve(&self, name: &ComponentName) -> Option<Reserved<T>> {
        let mut entries = self.0.write();
        if entries.contains_key(name) {
            return None;
        }
        entries.insert(name.clone(), None);
        Some(Reserved {
            registry: Self(Arc::clone(&self.0)),
            name: name.clone(),
            filled: false,
        })
    }

    /// Frees a name.
    pub(crate) fn remove(&self, name: &ComponentName) {
        self.0.write().remove(name);
    }
}

impl<T> Default for Registry<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Reserved<T> {
    pub(crate) fn name(&self) -> &ComponentName {
        &self.name
    }

    /// Frees the name again.
    pub(crate) fn take_back(&mut self) {
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

impl<T> Drop for Reserved<T> {
    fn drop(&mut self) {
        if !self.filled {
            self.registry.remove(&self.name);
        }
    }
}
