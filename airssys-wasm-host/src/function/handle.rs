//! A caller's handle: a deployment, and a way to find something in its instances.
//!
//! Contains the call path.
//! Tests: `tests/suite/promises`, `tests/suite/limits.rs`.

use std::pin::pin;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use futures_util::future::BoxFuture;
use wasmtime::{AsContextMut, StoreContextMut};

use crate::call::{Call, CallTree, SessionAdmission, SessionCall};
use crate::clock::run_until_deadline;
use crate::clock::{Clock, Ticks};
use crate::deployment::{
    ActiveRevision, Admission, DeploymentEntry, InstanceLease, ReadyLease, RegisteredHandle,
};
use crate::instance::{HandleSlot, Instance, InstanceState};
use crate::revision::Revision;
use crate::{CallEnd, Result};

const LOOKED_UP: &str = "it was looked up before the call began";

/// A function that finds a `T` in an instance of a revision.
type FindTarget<T> = Box<dyn Fn(&Revision, &mut Instance) -> Result<T> + Send + Sync>;

/// The instance of a call.
enum CallLease<'a> {
    /// The instance that was ready on the lane of the call.
    Ready(ReadyLease<'a>),
    /// An instance that becomes the ready one of its lane.
    Plain(InstanceLease<'a>),
    /// An instance that any call takes next.
    Shared(InstanceLease<'a>),
}

/// A way to call something that every revision of a deployment has.
pub(crate) struct Handle<T> {
    deployment: Arc<DeploymentEntry>,
    /// The host's clock.
    clock: Arc<Clock>,
    slot: HandleSlot,
    /// The name of what is called, for messages.
    target_name: String,
    find: FindTarget<T>,
    /// The deployment or pipeline that calls through the handle, if it is a link.
    caller: Option<ComponentName>,
}

impl<T: Send + Sync + 'static> Handle<T> {
    /// Creates a handle that is not registered, so that updates do not check it yet.
    pub(crate) fn new(
        deployment: &Arc<DeploymentEntry>,
        what: String,
        find: FindTarget<T>,
        caller: Option<ComponentName>,
    ) -> Arc<Self> {
        let slot = deployment.handles.take_slot();
        let clock = Arc::clone(deployment.runtime.engines.clock());
        Arc::new(Self {
            deployment: Arc::clone(deployment),
            clock,
            slot,
            target_name: what,
            find,
            caller,
        })
    }

    /// Registers the handle if `check` accepts the active revision. Checks again if another
    /// revision goes live meanwhile.
    pub(crate) fn register_checked(
        self: Arc<Self>,
        check: impl Fn(&Revision) -> Result<()>,
    ) -> Result<Arc<Self>> {
        loop {
            let revision = self.deployment.callable_revision()?;
            check(&revision)?;
            if self.register(&revision) {
                return Ok(self);
            }
        }
    }

    /// Registers the handle, which fits `checked`, so that updates are checked against it. Returns
    /// `false` if another revision is active by now: then check the handle against that one.
    pub(crate) fn register(self: &Arc<Self>, checked: &Arc<Revision>) -> bool {
        let caller: Arc<dyn RegisteredHandle> = self.clone();
        self.deployment
            .handles
            .register(self.slot, Arc::downgrade(&caller));
        Arc::ptr_eq(checked, &self.deployment.revision())
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
        let begun = self.clock.now();
        let admission;
        let (lease, deadline) = match self.deployment.lease_ready() {
            Some(mut ready) => {
                let deadline = begun.saturating_add(ready.parts().0.revision.call_ticks);
                (CallLease::Ready(ready), deadline)
            }
            None => {
                admission = self.admit(begun).await?;
                let active = admission.active_revision();
                let deadline = begun.saturating_add(active.revision.call_ticks);
                let lease = match active.lease_idle(admission.lane) {
                    Some(lease) => lease,
                    None => {
                        self.wait_for_lease(active, admission.lane, deadline)
                            .await?
                    }
                };
                (CallLease::Plain(lease), deadline)
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
        session: Option<SessionAdmission>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        if let Some(session) = session {
            let call = async |call: &mut SessionCall<'_>| self.call_in_session(call, run).await;
            return Box::pin(session.call(tree, bound, call)).await;
        }
        let begun = self.clock.now();
        let entered = tree.enter(&self.deployment).await?;
        let active = &entered.active_revision;
        let deadline = begun.saturating_add(active.revision.call_ticks).min(bound);
        let lease = match active.lease_idle(entered.lane) {
            Some(lease) => lease,
            None => self.wait_for_lease(active, entered.lane, deadline).await?,
        };
        self.run(CallLease::Shared(lease), deadline, Some(tree), run, exited)
            .await
    }

    /// Makes a call that was admitted before.
    #[cfg(feature = "http")]
    pub(crate) async fn call_admitted<R>(
        &self,
        admission: &Admission,
        deadline: Ticks,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        let active = admission.active_revision();
        let lease = match active.lease_idle(admission.lane) {
            Some(lease) => lease,
            None => {
                self.wait_for_lease(active, admission.lane, deadline)
                    .await?
            }
        };
        self.run(CallLease::Shared(lease), deadline, None, run, exited)
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
        call.run(&self.target_name, run).await
    }

    /// Runs a call in a leased instance, and gives the instance back unless it must be discarded.
    #[inline]
    async fn run<R>(
        &self,
        mut lease: CallLease<'_>,
        deadline: Ticks,
        tree: Option<&Arc<CallTree>>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        let (active, instance) = lease.parts();
        if !instance.lookups.has(self.slot) {
            self.bind(&active.revision, instance)?;
        }
        let call = self.new_call(active, deadline, tree);
        let run = async |instance: &mut Instance| {
            let Instance { store, lookups, .. } = instance;
            let found = lookups.get::<T>(self.slot).expect(LOOKED_UP);
            run(found, store.as_context_mut()).await
        };
        let outcome = call.run(instance, run).await;
        let recorded = active.revision.authority.has_pending_records();
        // Waits inside the revision, after the instance is free for other calls.
        let recorded = recorded.then(|| Admission::reenter(Arc::clone(active)));
        let outcome = match outcome {
            Ok(value) => {
                lease.give_back(&self.deployment);
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
        if let Some(admission) = recorded {
            let call = self.new_call(admission.active_revision(), deadline, tree);
            Box::pin(call.wait_for_audit_log()).await;
        }
        outcome
    }

    fn new_call<'a>(
        &'a self,
        active: &'a Arc<ActiveRevision>,
        deadline: Ticks,
        tree: Option<&'a Arc<CallTree>>,
    ) -> Call<'a> {
        Call {
            deployment: &self.deployment,
            active,
            target_name: &self.target_name,
            deadline,
            tree,
        }
    }

    /// Starts an instance for an admitted call that found none idle, or waits for the next that is
    /// free, until the deadline of the call.
    ///
    /// Boxed, because the future that starts an instance is large and would be carried along by
    /// every call that needs none.
    fn wait_for_lease<'a>(
        &'a self,
        active: &'a Arc<ActiveRevision>,
        lane: usize,
        deadline: Ticks,
    ) -> BoxFuture<'a, Result<InstanceLease<'a>>> {
        Box::pin(async move {
            let call = self.new_call(active, deadline, None);
            let leasing = pin!(active.lease(&self.deployment.runtime, lane, deadline));
            let leased = match run_until_deadline(&self.clock, deadline, leasing).await {
                Ok(leased) => leased.inspect_err(|error| call.report_failure(error)),
                Err(_) => Err(call.deadline_exceeded()),
            };
            if leased.is_err() {
                call.wait_for_audit_log().await;
            }
            leased
        })
    }

    #[cfg(feature = "http")]
    pub(crate) fn entry(&self) -> &Arc<DeploymentEntry> {
        &self.deployment
    }

    #[cfg(feature = "http")]
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Returns the name of what is called, as messages use it.
    #[cfg(feature = "http")]
    pub(crate) fn target_name(&self) -> &str {
        &self.target_name
    }

    /// Admits a call. A pause counts toward its time.
    async fn admit(&self, begun: Ticks) -> Result<Admission> {
        match self.deployment.try_admit() {
            Some(admission) => Ok(admission),
            None => Box::pin(self.wait_for_admission(begun)).await,
        }
    }

    async fn wait_for_admission(&self, begun: Ticks) -> Result<Admission> {
        if let Some(admission) = self.deployment.admit()? {
            return Ok(admission);
        }
        let revision = self.deployment.revision();
        let deadline = begun.saturating_add(revision.call_ticks);
        let admission = pin!(self.deployment.admit_after_pause());
        run_until_deadline(&self.clock, deadline, admission)
            .await
            .unwrap_or_else(|_| Err(revision.deadline_error(&self.target_name)))
    }
}

impl CallLease<'_> {
    #[inline]
    fn parts(&mut self) -> (&Arc<ActiveRevision>, &mut Instance) {
        match self {
            Self::Ready(lease) => lease.parts(),
            Self::Plain(lease) | Self::Shared(lease) => lease.parts(),
        }
    }

    #[inline]
    fn give_back(self, deployment: &DeploymentEntry) {
        match self {
            Self::Ready(lease) => lease.give_back(),
            Self::Plain(lease) => lease.make_ready(deployment),
            Self::Shared(lease) => lease.give_back(),
        }
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        self.deployment.handles.free_slot(self.slot);
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
        self.caller.as_ref()
    }
}
