//! A caller's handle: a deployment, and a way to find something in its instances.
//!
//! Contains the call path.
//! Tests: `tests/suite/promises`, `tests/suite/limits.rs`.

use std::pin::pin;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use wasmtime::{AsContextMut, StoreContextMut};

use crate::call;
use crate::call::{CallTree, SessionAdmission, SessionCall};
use crate::clock::run_until_deadline;
use crate::clock::{Clock, Ticks};
use crate::deployment::{
    ActiveRevision, Admission, DeploymentEntry, InstanceLease, RegisteredHandle,
};
use crate::instance::{HandleSlot, Instance, InstanceState, poll_catching_panics};
use crate::revision::Revision;
use crate::{CallEnd, Result};

/// A function that finds a `T` in an instance of a revision.
type FindTarget<T> = Box<dyn Fn(&Revision, &mut Instance) -> Result<T> + Send + Sync>;

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
        let admission = match self.deployment.try_admit() {
            Some(admission) => admission,
            None => Box::pin(self.admit(begun)).await?,
        };
        let deadline = begun.saturating_add(admission.active_revision().revision.call_ticks);
        self.run_in_time(
            admission.active_revision(),
            admission.lane,
            deadline,
            None,
            run,
            exited,
        )
        .await
    }

    /// Makes a call on behalf of a call of another component, within the time of that call: in the
    /// instance in which the caller has resources, if it has any.
    pub(crate) async fn call_linked<R>(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        sitting: Option<SessionAdmission>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        if let Some(sitting) = sitting {
            let call = async |seat: &mut SessionCall<'_>| self.call_in_session(seat, run).await;
            return Box::pin(sitting.call(tree, bound, call)).await;
        }
        let begun = self.clock.now();
        let entered = tree.enter(&self.deployment).await?;
        let deadline = begun
            .saturating_add(entered.active_revision.revision.call_ticks)
            .min(bound);
        self.run_in_time(
            &entered.active_revision,
            entered.lane,
            deadline,
            Some(tree),
            run,
            exited,
        )
        .await
    }

    /// Makes a call in the instance in which the caller has resources. A guest that exits is an
    /// error, whatever the function returns, because the resources are lost.
    pub(crate) async fn call_in_session<R>(
        &self,
        seat: &mut SessionCall<'_>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        let (revision, instance) = seat.revision_and_instance();
        self.bind(revision, instance)?;
        let run = async |instance: &mut Instance| {
            let Instance { store, lookups, .. } = instance;
            let found = lookups
                .get::<T>(self.slot)
                .expect("it has just been lookups");
            run(found, store.as_context_mut()).await
        };
        seat.run(&self.target_name, run).await
    }

    #[inline]
    pub(crate) async fn run_in_time<R>(
        &self,
        serving: &Arc<ActiveRevision>,
        lane: usize,
        deadline: Ticks,
        tree: Option<&Arc<CallTree>>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        let revision = &*serving.revision;
        let mut lease = match serving.instances.lease_idle(lane) {
            Some(lease) => lease,
            // Boxed, because the future that starts an instance is large and would be carried along
            // by every call that needs none.
            None => Box::pin(self.lease_in_time(serving, lane, deadline)).await?,
        };
        let instance = lease.instance();
        call::begin(instance, serving, deadline, tree)?;
        if !instance.lookups.has(self.slot) {
            self.bind(revision, instance)?;
        }
        let ended = {
            let Instance { store, lookups, .. } = instance;
            let permit = store.data_mut().crowd_permit();
            let found = lookups
                .get::<T>(self.slot)
                .expect("it has just been lookups");
            let mut running = pin!(run(found, store.as_context_mut()));
            let computing =
                permit.while_computing(|context| poll_catching_panics(running.as_mut(), context));
            run_until_deadline(&self.clock, deadline, pin!(computing)).await
        };
        let outcome = match ended {
            Ok(outcome) => self.end(lease, revision, outcome, exited),
            Err(_) => {
                drop(lease);
                Err(call::deadline_exceeded(
                    &self.deployment,
                    revision,
                    &self.target_name,
                ))
            }
        };
        if revision.authority.has_pending_records() {
            Box::pin(call::wait_for_audit_log(&self.clock, deadline, revision)).await;
        }
        outcome
    }

    /// Ends a call and gives its instance back, unless it must be discarded.
    #[inline]
    fn end<R>(
        &self,
        mut lease: InstanceLease<'_>,
        revision: &Revision,
        outcome: wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        match call::end(
            &self.deployment,
            lease.instance(),
            revision,
            &self.target_name,
            outcome,
        ) {
            Ok(value) => {
                lease.give_back();
                Ok(value)
            }
            // The instance is discarded rather than used again.
            Err(error) if error.call_end() == Some(CallEnd::Exited(0)) => exited().ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// Starts an instance or waits for one, until the deadline of the call.
    async fn lease_in_time<'a>(
        &self,
        serving: &'a ActiveRevision,
        lane: usize,
        deadline: Ticks,
    ) -> Result<InstanceLease<'a>> {
        let revision = &serving.revision;
        let leasing = pin!(
            serving
                .instances
                .lease(&self.deployment.runtime, lane, deadline)
        );
        let leased = match run_until_deadline(&self.clock, deadline, leasing).await {
            Ok(leased) => leased
                .inspect_err(|error| call::report_failure(&self.deployment, revision, None, error)),
            Err(_) => Err(call::deadline_exceeded(
                &self.deployment,
                revision,
                &self.target_name,
            )),
        };
        if leased.is_err() {
            call::wait_for_audit_log(&self.clock, deadline, revision).await;
        }
        leased
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

    /// Waits until the call is admitted. A pause counts toward its time.
    async fn admit(&self, begun: Ticks) -> Result<Admission> {
        if let Some(admission) = self.deployment.admit()? {
            return Ok(admission);
        }
        let revision = self.deployment.revision();
        let deadline = begun.saturating_add(revision.call_ticks);
        run_until_deadline(
            &self.clock,
            deadline,
            pin!(self.deployment.admit_after_pause()),
        )
        .await
        .unwrap_or_else(|_| Err(revision.deadline_error(&self.target_name)))
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
