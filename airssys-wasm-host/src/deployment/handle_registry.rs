//! The handles that callers hold to one deployment. Every update is checked against them.
//!
//! Holds only weak references, so it keeps no handle alive.
//! Tests: `tests/suite/promises`.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::{Mutex, MutexGuard};

use crate::instance::{HandleSlot, Instance};
use crate::revision::Revision;
use crate::{Error, ErrorClass, Result};

/// A handle that updates are checked against.
pub(crate) trait RegisteredHandle: Send + Sync {
    /// Looks up in `instance` what the handle needs, unless that is already done.
    fn bind(&self, revision: &Revision, instance: &mut Instance) -> Result<()>;

    /// Returns the deployment or pipeline that calls through the handle, if it is a link.
    fn calling_name(&self) -> Option<&ComponentName>;
}

/// The handles to one deployment.
#[derive(Default)]
pub(crate) struct HandleRegistry(Mutex<HandleSlots>);

#[derive(Default)]
struct HandleSlots {
    /// Handles by the place of their slot. `None` for a slot that is free or not registered yet.
    handles: Vec<Option<Weak<dyn RegisteredHandle>>>,
    free: Vec<usize>,
    /// The number of slots taken so far.
    taken: u64,
}

/// A lock on the registration of handles. Every existing handle is bound, and none can be
/// registered while this is held.
pub(crate) struct RegistrationGuard<'a> {
    _registry: MutexGuard<'a, HandleSlots>,
    // Declared after the lock so that it is dropped after it: dropping the last reference to a
    // handle takes the lock to free the slot.
    handles: Vec<Arc<dyn RegisteredHandle>>,
}

impl HandleRegistry {
    /// Takes a slot for a new handle, to be freed when the handle is dropped.
    pub(crate) fn take_slot(&self) -> HandleSlot {
        let mut registry = self.0.lock();
        let place = registry.free.pop().unwrap_or(registry.handles.len());
        if place == registry.handles.len() {
            registry.handles.push(None);
        }
        registry.taken += 1;
        HandleSlot {
            index: place,
            owner: registry.taken,
        }
    }

    /// Registers the handle that owns `slot`. Updates are checked against it from then on.
    pub(crate) fn register(&self, slot: HandleSlot, caller: Weak<dyn RegisteredHandle>) {
        self.0.lock().handles[slot.index] = Some(caller);
    }

    /// Frees the slot of a handle that was dropped.
    pub(crate) fn free_slot(&self, slot: HandleSlot) {
        let mut registry = self.0.lock();
        registry.handles[slot.index] = None;
        registry.free.push(slot.index);
    }

    /// Returns the deployments and pipelines that call this deployment through links.
    pub(crate) fn calling_names(&self) -> BTreeSet<ComponentName> {
        // Dropped after the lock is released: dropping the last reference to a handle takes the
        // lock to free the slot.
        let callers = self.0.lock().live_handles();
        callers
            .iter()
            .filter_map(|caller| caller.calling_name().cloned())
            .collect()
    }

    /// Binds every existing handle to `instance`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible), listing every handle that does not fit.
    pub(crate) fn bind_all(&self, revision: &Revision, instance: &mut Instance) -> Result<()> {
        let callers = self.0.lock().live_handles();
        bind_handles(&callers, revision, instance)
    }

    /// Binds every handle as [`bind_all`](Self::bind_all) does, and blocks the registration of new
    /// ones while the result is held. Handles that are already bound are skipped, so few remain
    /// after an earlier `bind_all`.
    pub(crate) fn bind_all_and_lock(
        &self,
        revision: &Revision,
        instance: &mut Instance,
    ) -> Result<RegistrationGuard<'_>> {
        let registry = self.0.lock();
        let held = RegistrationGuard {
            handles: registry.live_handles(),
            _registry: registry,
        };
        bind_handles(&held.handles, revision, instance)?;
        Ok(held)
    }
}

impl HandleSlots {
    fn live_handles(&self) -> Vec<Arc<dyn RegisteredHandle>> {
        self.handles
            .iter()
            .flatten()
            .filter_map(Weak::upgrade)
            .collect()
    }
}

fn bind_handles(
    callers: &[Arc<dyn RegisteredHandle>],
    revision: &Revision,
    instance: &mut Instance,
) -> Result<()> {
    let problems: Vec<String> = callers
        .iter()
        .filter_map(|caller| caller.bind(revision, instance).err())
        .map(|error| error.to_string())
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorClass::CALLERS_LOST,
        format!(
            "callers hold handles that {revision} cannot serve: {}",
            problems.join("; ")
        ),
    ))
}
