//! A caller's handle: a deployment, and a way to find something in its instances.
//!
//! Contains the call path.
//! Tests: `tests/suite/promises`, `tests/suite/limits.rs`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use wasmtime::{AsContextMut, StoreContextMut};

use super::call_target::{CallLease, CallTarget};
use crate::call::{CallTree, SessionAdmission, SessionCall};
use crate::clock::Ticks;
use crate::deployment::{Admission, DeploymentEntry, RegisteredHandle};
use crate::instance::{HandleSlot, Instance, InstanceState};
use crate::revision::{CallDeadline, Revision};
use crate::{CallEnd, Result};

const LOOKED_UP: &str = "it was looked up before the call began";

/// A function that finds a `T` in an instance of a revision.
type FindTarget<T> = Box<dyn Fn(&Revision, &mut Instance) -> Result<T> + Send + Sync>;

/// A way to call something that every revision of a deployment has.
pub(crate) struct Handle<T> {
    target: CallTarget,
    slot: HandleSlot,
    find: FindTarget<T>,
    /// The deployment or pipeline that calls through the handle, if it is a link.
    linked_from: Option<ComponentName>,
}

impl<T: Send + Sync + 'static> Handle<T> {
    /// Creates a handle that is not registered, so that updates do not check it yet.
    pub(crate) fn new(
        deployment: &Arc<DeploymentEntry>,
        target_name: String,
        find: FindTarget<T>,
        linked_from: Option<ComponentName>,
    ) -> Arc<Self> {
        Arc::new(Self {
            target: CallTarget::new(deployment, target_name),
            slot: deployment.handles.take_slot(),
            find,
            linked_from,
        })
    }

    /// Registers the handle if `check` accepts the active revision, and the next one if a switch is
    /// in progress. Checks again if another revision goes live meanwhile.
    pub(crate) fn register_checked(
        self: Arc<Self>,
        check: impl Fn(&Revision) -> Result<()>,
    ) -> Result<Arc<Self>> {
        loop {
            let revision = self.target.deployment.callable_revision()?;
            check(&revision)?;
            let next = self.register();
            next.iter().try_for_each(|next| check(next))?;
            if self.is_active_one_of(&revision, next.as_ref()) {
                return Ok(self);
            }
        }
    }

    /// Registers the handle, so that updates are checked against it. Returns the revision that a
    /// switch in progress makes active: it was not checked against the handle.
    pub(crate) fn register(self: &Arc<Self>) -> Option<Arc<Revision>> {
        let handle: Arc<dyn RegisteredHandle> = self.clone();
        let handles = &self.target.deployment.handles;
        handles.register(self.slot, Arc::downgrade(&handle))
    }

    /// Returns `true` if the active revision is one of those that a registered handle was checked
    /// against. Later revisions are checked against the handle.
    pub(crate) fn is_active_one_of(
        &self,
        checked: &Arc<Revision>,
        next: Option<&Arc<Revision>>,
    ) -> bool {
        let active = self.target.deployment.revision();
        Arc::ptr_eq(checked, &active) || next.is_some_and(|next| Arc::ptr_eq(next, &active))
    }

    /// Makes a call: admitted to one revision, run wholly by it, within its limits.
    ///
    /// Dropping the future cancels the call and discards its instance. If the guest exits with
    /// success, returns what `exited` returns, if anything.
    pub(crate) async fn call<R>(
        &self,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        let begun = self.target.clock.now();
        let admission;
        let (lease, deadline) = match self.target.deployment.lease_ready() {
            Some(mut ready) => {
                let deadline = CallDeadline::for_call(&ready.parts().0.revision, begun);
                (CallLease::FromSlot(ready), deadline)
            }
            None => {
                admission = self.target.admit(begun).await?;
                let active = admission.active_revision();
                let deadline = CallDeadline::for_call(&active.revision, begun);
                let lease = self.target.lease(active, admission.lane, deadline).await?;
                (CallLease::ToSlot(lease), deadline)
            }
        };
        self.run(lease, deadline, None, run, exited).await
    }

    /// Makes a call on behalf of a call of another component, within the time of that call: in the
    /// instance in which the caller has resources, if it has any.
    pub(crate) async fn call_linked<R>(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        session: Option<&SessionAdmission<'_>>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        if let Some(session) = session {
            let call = async |call: &mut SessionCall<'_>| self.call_in_session(call, run).await;
            return Box::pin(session.call(tree, bound, call)).await;
        }
        let begun = self.target.clock.now();
        let entered = tree.enter(&self.target.deployment).await?;
        let active = &entered.active_revision;
        let deadline = CallDeadline::for_call(&active.revision, begun).within(bound);
        let lease = self.target.lease(active, entered.lane, deadline).await?;
        self.run(CallLease::ToIdle(lease), deadline, Some(tree), run, exited)
            .await
    }

    /// Makes a call that was admitted before.
    #[cfg(feature = "http")]
    pub(crate) async fn call_admitted<R>(
        &self,
        admission: &Admission,
        deadline: CallDeadline,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        let active = admission.active_revision();
        let lease = self.target.lease(active, admission.lane, deadline).await?;
        self.run(CallLease::ToIdle(lease), deadline, None, run, exited)
            .await
    }

    /// Makes a call in the instance in which the caller has resources. A guest that exits is an
    /// error, whatever the function returns, because the resources are lost.
    pub(crate) async fn call_in_session<R>(
        &self,
        call: &mut SessionCall<'_>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        let (revision, instance) = call.revision_and_instance();
        self.bind(revision, instance)?;
        let run = async |instance: &mut Instance| {
            let Instance { store, lookups, .. } = instance;
            let found = lookups.get::<T>(self.slot).expect(LOOKED_UP);
            run(found, store.as_context_mut()).await
        };
        call.run(&self.target.name, run).await
    }

    /// Runs a call in a leased instance, and gives the instance back unless it must be discarded.
    #[inline]
    async fn run<R>(
        &self,
        mut lease: CallLease<'_>,
        deadline: CallDeadline,
        tree: Option<&Arc<CallTree>>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        let (active, instance) = lease.parts();
        if !instance.lookups.has(self.slot) {
            self.bind(&active.revision, instance)?;
        }
        let call = self.target.call(active, deadline, tree);
        let run = async |instance: &mut Instance| {
            let Instance { store, lookups, .. } = instance;
            let found = lookups.get::<T>(self.slot).expect(LOOKED_UP);
            run(found, store.as_context_mut()).await
        };
        let outcome = call.run(instance, run).await;
        let has_records = active.revision.authority.has_pending_records();
        // Waits inside the revision, after the instance is free for other calls.
        let waiting = has_records.then(|| Admission::reenter(Arc::clone(active)));
        let outcome = match outcome {
            Ok(value) => {
                lease.give_back(&self.target.deployment);
                Ok(value)
            }
            // The instance is discarded rather than used again.
            Err(error) => {
                drop(lease);
                match error.call_end() {
                    Some(CallEnd::Exited(0)) => exited().ok_or(error),
                    _ => Err(error),
                }
            }
        };
        if let Some(admission) = waiting {
            let call = self
                .target
                .call(admission.active_revision(), deadline, tree);
            Box::pin(call.wait_for_audit_log()).await;
        }
        outcome
    }

    #[cfg(feature = "http")]
    pub(crate) fn target(&self) -> &CallTarget {
        &self.target
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        self.target.deployment.handles.free_slot(self.slot);
    }
}

impl<T: Send + Sync + 'static> RegisteredHandle for Handle<T> {
    fn bind(&self, revision: &Revision, instance: &mut Instance) -> Result<()> {
        if !instance.lookups.has(self.slot) {
            let found = (self.find)(revision, instance)?;
            instance.lookups.set(self.slot, found);
        }
        Ok(())
    }

    fn calling_name(&self) -> Option<&ComponentName> {
        self.linked_from.as_ref()
    }
}
