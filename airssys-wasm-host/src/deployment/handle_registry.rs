//! The handles that callers hold to one deployment. Every update is checked against them.
//!
//! Holds only weak references, so it keeps no handle alive.
//! Tests: in this file, `tests/suite/promises`.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;

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
    /// The revision that a switch in progress makes active.
    next: Option<Arc<Revision>>,
}

/// The handles of a deployment during a switch: each fits the next revision, even one that is
/// created meanwhile. Nothing waits for it. Dropping it ends the switch.
pub(crate) struct HandlesInSwitch<'a>(&'a HandleRegistry);

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

    /// Registers the handle that owns `slot`. Updates are checked against it from then on. Returns
    /// the next revision if a switch is in progress, to be checked by the caller: the handle must
    /// not be used unless it fits.
    pub(crate) fn register(
        &self,
        slot: HandleSlot,
        handle: Weak<dyn RegisteredHandle>,
    ) -> Option<Arc<Revision>> {
        let mut registry = self.0.lock();
        registry.handles[slot.index] = Some(handle);
        registry.next.clone()
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
        let handles = self.0.lock().live_handles();
        handles
            .iter()
            .filter_map(|handle| handle.calling_name().cloned())
            .collect()
    }

    /// Binds every existing handle to `instance`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Incompatible`](crate::ErrorKind::Incompatible), listing every handle that does not fit.
    pub(crate) fn bind_all(&self, revision: &Revision, instance: &mut Instance) -> Result<()> {
        let handles = self.0.lock().live_handles();
        bind_handles(&handles, revision, instance)
    }

    /// Begins a switch to `next`: binds every handle as [`bind_all`](Self::bind_all) does. From here
    /// on, new handles are checked against `next` too, until the result is dropped. Handles that
    /// are already bound are skipped, so few remain after an earlier `bind_all`.
    pub(crate) fn begin_switch(
        &self,
        next: &Arc<Revision>,
        instance: &mut Instance,
    ) -> Result<HandlesInSwitch<'_>> {
        let handles = {
            let mut registry = self.0.lock();
            registry.next = Some(Arc::clone(next));
            registry.live_handles()
        };
        let switching = HandlesInSwitch(self);
        bind_handles(&handles, next, instance)?;
        Ok(switching)
    }
}

impl Drop for HandlesInSwitch<'_> {
    fn drop(&mut self) {
        let next = self.0.0.lock().next.take();
        // Dropped after the lock is released.
        drop(next);
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
    handles: &[Arc<dyn RegisteredHandle>],
    revision: &Revision,
    instance: &mut Instance,
) -> Result<()> {
    let problems: Vec<String> = handles
        .iter()
        .filter_map(|handle| handle.bind(revision, instance).err())
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

#[cfg(test)]
mod tests {
    use crate::{Component, Deployment, ErrorKind, Host};

    async fn deploy(host: &Host, name: &str, text: &str) -> Deployment {
        let component = Component::from_bytes(wat::parse_str(text).expect("valid text"))
            .and_then(|component| component.with_name(name))
            .expect("a component");
        host.deploy(component).await.expect("deployed")
    }

    /// The record of a switch may take long to be stored. Handles are created and dropped meanwhile,
    /// by any thread, such as this one.
    #[tokio::test]
    async fn a_handle_created_during_a_switch_fits_both_revisions() {
        let host = Host::builder().pooled_instances_max(4);
        let host = host.build().expect("a host");
        let text = "(component (core module $m (func (export \"f\")))
            (core instance $i (instantiate $m))
            (func (export \"f\") (canon lift (core func $i \"f\"))))";
        let deployment = deploy(&host, "fits", text).await;
        let entry = &deployment.0;
        let begin = async |next: &Deployment| {
            let revision = next.0.revision();
            let started = revision.start_within_call_time(&entry.services).await;
            let mut first = started.expect("it starts");
            entry.handles.begin_switch(&revision, &mut first)
        };
        let switching = begin(&deployment).await.expect("no handle is lost");
        drop(deployment.function::<(), ()>("f").expect("it fits"));
        let bindings = deployment
            .bindings(|mut store, instance| instance.get_typed_func::<(), ()>(&mut store, "f"))
            .await;
        drop(bindings.expect("they fit"));
        drop(switching);
        let other = deploy(&host, "other", "(component)").await;
        let switching = begin(&other).await.expect("there is no handle to lose");
        let error = deployment.function::<(), ()>("f").map(drop);
        let error = error.expect_err("the next revision has no such function");
        assert_eq!(error.kind(), ErrorKind::FunctionNotFound, "{error}");
        assert!(error.to_string().contains("`other`"), "{error}");
        drop(switching);
        let held = deployment.function::<(), ()>("f").expect("it fits again");
        let error = begin(&other).await.map(drop).expect_err("it would be lost");
        assert_eq!(error.code(), "callers-lost", "{error}");
        drop((held, deployment.dynamic_function("f").expect("no switch")));
    }
}
