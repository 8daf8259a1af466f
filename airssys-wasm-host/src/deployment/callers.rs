//! The handles that callers hold to one deployment. Every update is checked against them.
//!
//! Holds only weak references, so it keeps no handle alive.
//! Tests: `tests/suite/promises`.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::{Mutex, MutexGuard};

use crate::instance::{Instance, Slot};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// A handle that updates are checked against.
pub(crate) trait Caller: Send + Sync {
    /// Looks up in `instance` what the handle needs, unless that is already done.
    fn bind(&self, revision: &Revision, instance: &mut Instance) -> Result<()>;

    /// Returns the deployment or pipeline that calls through the handle, if it is a link.
    fn linked(&self) -> Option<&ComponentName>;
}

/// The handles to one deployment.
#[derive(Default)]
pub(crate) struct Callers(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    /// Handles by the place of their slot. `None` for a slot that is free or not registered yet.
    places: Vec<Option<Weak<dyn Caller>>>,
    free: Vec<usize>,
    /// The number of slots taken so far.
    taken: u64,
}

/// A lock on the registration of handles. Every existing handle is bound, and none can be
/// registered while this is held.
pub(crate) struct Held<'a> {
    _registry: MutexGuard<'a, Registry>,
    // Declared after the lock so that it is dropped after it: dropping the last reference to a
    // handle takes the lock to free the slot.
    callers: Vec<Arc<dyn Caller>>,
}

impl Callers {
    /// Takes a slot for a new handle, to be freed when the handle is dropped.
    pub(crate) fn take_slot(&self) -> Slot {
        let mut registry = self.0.lock();
        let place = registry.free.pop().unwrap_or(registry.places.len());
        if place == registry.places.len() {
            registry.places.push(None);
        }
        registry.taken += 1;
        Slot {
            place,
            owner: registry.taken,
        }
    }

    /// Registers the handle that owns `slot`. Updates are checked against it from then on.
    pub(crate) fn register(&self, slot: Slot, caller: Weak<dyn Caller>) {
        self.0.lock().places[slot.place] = Some(caller);
    }

    /// Frees the slot of a handle that was dropped.
    pub(crate) fn free(&self, slot: Slot) {
        let mut registry = self.0.lock();
        registry.places[slot.place] = None;
        registry.free.push(slot.place);
    }

    /// Returns the deployments and pipelines that call this deployment through links.
    pub(crate) fn linked(&self) -> BTreeSet<ComponentName> {
        // Dropped after the lock is released: dropping the last reference to a handle takes the
        // lock to free the slot.
        let callers = self.0.lock().callers();
        callers
            .iter()
            .filter_map(|caller| caller.linked().cloned())
            .collect()
    }

    /// Binds every existing handle to `instance`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CallersLost`], listing every handle that does not fit.
    pub(crate) fn bind_all(&self, revision: &Revision, instance: &mut Instance) -> Result<()> {
        let callers = self.0.lock().callers();
        bind(&callers, revision, instance)
    }

    /// Binds every handle as [`bind_all`](Self::bind_all) does, and blocks the registration of new
    /// ones while the result is held. Handles that are already bound are skipped, so few remain
    /// after an earlier `bind_all`.
    pub(crate) fn bind_and_hold(
        &self,
        revision: &Revision,
        instance: &mut Instance,
    ) -> Result<Held<'_>> {
        let registry = self.0.lock();
        let held = Held {
            callers: registry.callers(),
            _registry: registry,
        };
        bind(&held.callers, revision, instance)?;
        Ok(held)
    }
}

impl Registry {
    fn callers(&self) -> Vec<Arc<dyn Caller>> {
        self.places
            .iter()
            .flatten()
            .filter_map(Weak::upgrade)
            .collect()
    }
}

fn bind(callers: &[Arc<dyn Caller>], revision: &Revision, instance: &mut Instance) -> Result<()> {
    let problems: Vec<String> = callers
        .iter()
        .filter_map(|caller| caller.bind(revision, instance).err())
        .map(|error| error.to_string())
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::CallersLost,
        format!(
            "callers hold handles that {revision} cannot serve: {}",
            problems.join("; ")
        ),
    ))
}
