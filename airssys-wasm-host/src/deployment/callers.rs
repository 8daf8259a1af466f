//! The handles that callers hold: every update is checked against them.
//!
//! Keeps no handle alive. Tests: the workspace's `tests/promises`.

use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};

use crate::instance::{Instance, Slot};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// A handle, as an update sees it.
pub(crate) trait Caller: Send + Sync {
    /// Looks up in `instance` what the handle needs, unless it has done so.
    fn bind(&self, revision: &Revision, instance: &mut Instance) -> Result<()>;
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
    /// Handles registered so far.
    registered: u64,
}

/// The handles that there were at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Known(u64);

/// While this is held, no handle is registered.
pub(crate) struct Held<'a> {
    _registry: MutexGuard<'a, Registry>,
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
        Slot { place, owner: registry.taken }
    }

    /// Remembers the handle that has `slot`: updates are checked against it.
    pub(crate) fn register(&self, slot: Slot, caller: Weak<dyn Caller>) {
        let mut registry = self.0.lock();
        registry.places[slot.place] = Some(caller);
        registry.registered += 1;
    }

    /// The handle that had `slot` is gone.
    pub(crate) fn free(&self, slot: Slot) {
        let mut registry = self.0.lock();
        registry.places[slot.place] = None;
        registry.free.push(slot.place);
    }

    /// Binds every handle that exists to `instance`, and says which those are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CallersLost`] with every handle that does not fit.
    pub(crate) fn bind_all(&self, revision: &Revision, instance: &mut Instance) -> Result<Known> {
        let (callers, known) = self.all();
        let problems: Vec<String> = callers
            .iter()
            .filter_map(|caller| caller.bind(revision, instance).err())
            .map(|error| error.to_string())
            .collect();
        if problems.is_empty() {
            return Ok(known);
        }
        Err(Error::new(
            ErrorKind::CallersLost,
            format!("callers hold handles that {revision} cannot serve: {}", problems.join("; ")),
        ))
    }

    /// Lets no more handles come, if none came since those that are known.
    pub(crate) fn hold(&self, known: Known) -> Option<Held<'_>> {
        let registry = self.0.lock();
        (registry.registered == known.0).then_some(Held { _registry: registry })
    }

    /// The handles themselves, so that none is asked anything under the lock.
    fn all(&self) -> (Vec<Arc<dyn Caller>>, Known) {
        let registry = self.0.lock();
        let callers = registry.places.iter().flatten().filter_map(Weak::upgrade).collect();
        (callers, Known(registry.registered))
    }
}
