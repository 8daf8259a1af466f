//! The handles that callers hold: every update is checked against them.
//!
//! Keeps no handle alive. Tests: the workspace's `tests/promises`.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::{Mutex, MutexGuard};

use crate::instance::{Instance, Slot};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// A handle, as an update sees it.
pub(crate) trait Caller: Send + Sync {
    /// Looks up in `instance` what the handle needs, unless it has done so.
    fn bind(&self, revision: &Revision, instance: &mut Instance) -> Result<()>;

    /// The deployment that is linked by it, if it is a link.
    fn linked(&self) -> Option<&ComponentName>;
}

/// Every handle of one deployment.
#[derive(Default)]
pub(crate) struct Callers(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    /// By their slots' places; none where a handle is not registered yet, or gone.
    places: Vec<Option<Weak<dyn Caller>>>,
    free: Vec<usize>,
    /// Slots taken so far.
    taken: u64,
}

/// Every handle is bound, and while this is held none is registered.
pub(crate) struct Held<'a> {
    _registry: MutexGuard<'a, Registry>,
    // After the lock: the last owner of a handle takes it to free the slot.
    callers: Vec<Arc<dyn Caller>>,
}

impl Callers {
    /// Takes a slot for a new handle, to be freed when the handle is gone.
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

    /// Remembers the handle that has `slot`: updates are checked against it.
    pub(crate) fn register(&self, slot: Slot, caller: Weak<dyn Caller>) {
        self.0.lock().places[slot.place] = Some(caller);
    }

    /// The handle that had `slot` is gone.
    pub(crate) fn free(&self, slot: Slot) {
        let mut registry = self.0.lock();
        registry.places[slot.place] = None;
        registry.free.push(slot.place);
    }

    /// The deployments that are linked to this one.
    pub(crate) fn linked(&self) -> BTreeSet<ComponentName> {
        // Let go of after the lock: the last owner of a handle takes it to free the slot.
        let callers = self.0.lock().callers();
        callers
            .iter()
            .filter_map(|caller| caller.linked().cloned())
            .collect()
    }

    /// Binds every handle that exists to `instance`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CallersLost`] with every handle that does not fit.
    pub(crate) fn bind_all(&self, revision: &Revision, instance: &mut Instance) -> Result<()> {
        let callers = self.0.lock().callers();
        bind(&callers, revision, instance)
    }

    /// The same, and lets no more handles come. Few are left to bind, if all that
    /// there were have been bound before.
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
