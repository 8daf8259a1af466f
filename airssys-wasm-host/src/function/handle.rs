//! A caller's handle: a deployment, and a way to find something in its instances.
//!
//! Contains the call path.
//! Tests: `tests/suite/promises`, `tests/suite/limits.rs`.

use std::pin::pin;
use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use wasmtime::{AsContextMut, StoreContextMut};

use crate::call::{self, within};
use crate::deployment::{Admission, Caller, Lease, Named, Serving};
use crate::engine::{Clock, Ticks};
use crate::instance::{Instance, InstanceState, Slot, poll_contained};
use crate::link::{Seat, Sitting, Tree};
use crate::revision::Revision;
use crate::{CallEnd, Result};

/// A function that finds a `T` in an instance of a revision.
type Find<T> = Box<dyn Fn(&Revision, &mut Instance) -> Result<T> + Send + Sync>;

/// A way to call something that every revision of a deployment has.
pub(crate) struct Handle<T> {
    deployment: Arc<Named>,
    /// The host's clock.
    clock: Arc<Clock>,
    slot: Slot,
    /// The name of what is called, for messages.
    what: String,
    find: Find<T>,
    /// The deployment or pipeline that calls through the handle, if it is a link.
    caller: Option<ComponentName>,
}

impl<T: Send + Sync + 'static> Handle<T> {
    /// Creates a handle that is not registered, so that updates do not check it yet.
    pub(crate) fn new(
        deployment: &Arc<Named>,
        what: String,
        find: Find<T>,
        caller: Option<ComponentName>,
    ) -> Arc<Self> {
        let slot = deployment.callers.take_slot();
        let clock = Arc::clone(deployment.runtime.engines.clock());
        Arc::new(Self {
            deployment: Arc::clone(deployment),
            clock,
            slot,
            what,
            find,
            caller,
        })
    }

    /// Registers the handle if `check` accepts the active revision. Checks again if another
    /// revision goes live meanwhile.
    pub(crate) fn settle(
        self: Arc<Self>,
        check: impl Fn(&Revision) -> Result<()>,
    ) -> Result<Arc<Self>> {
        loop {
            let revision = self.deployment.revision_to_call()?;
            check(&revision)?;
            if self.register(&revision) {
                return Ok(self);
            }
        }
    }

    /// Registers the handle, which fits `checked`, so that updates are checked against it. Returns
    /// `false` if another revision is active by now: then check the handle against that one.
    pub(crate) fn register(self: &Arc<Self>, checked: &Arc<Revision>) -> bool {
        let caller: Arc<dyn Caller> = self.clone();
        self.deployment
            .callers
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
        let deadline = begun.plus(admission.serving().revision.call_ticks);
        self.run_in_time(
            admission.serving(),
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
        tree: &Arc<Tree>,
        bound: Ticks,
        sitting: Option<Sitting>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        if let Some(sitting) = sitting {
            let call = async |seat: &mut Seat<'_>| self.call_seated(seat, run).await;
            return Box::pin(sitting.call(tree, bound, call)).await;
        }
        let begun = self.clock.now();
        let entered = tree.enter(&self.deployment).await?;
        let deadline = begun.plus(entered.serving.revision.call_ticks).min(bound);
        self.run_in_time(
            &entered.serving,
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
    pub(crate) async fn call_seated<R>(
        &self,
        seat: &mut Seat<'_>,
        run: impl AsyncFnOnce(&T, StoreContextMut<'_, InstanceState>) -> wasmtime::Result<R>,
    ) -> Result<R> {
        let (revision, instance) = seat.place();
        self.bind(revision, instance)?;
        let run = async |instance: &mut Instance| {
            let Instance { store, bound, .. } = instance;
            let found = bound.get::<T>(self.slot).expect("it has just been bound");
            run(found, store.as_context_mut()).await
        };
        seat.run(&self.what, run).await
    }

    #[inline]
    pub(crate) async fn run_in_time<R>(
        &self,
        serving: &Arc<Serving>,
        lane: usize,
        deadline: Ticks,
        tree: Option<&Arc<Tree>>,
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
        if !instance.bound.has(self.slot) {
            self.bind(revision, instance)?;
        }
        let ended = {
            let Instance { store, bound, .. } = instance;
            let permit = store.data_mut().crowd_permit();
            let found = bound.get::<T>(self.slot).expect("it has just been bound");
            let mut running = pin!(run(found, store.as_context_mut()));
            let computing =
                permit.while_computing(|context| poll_contained(running.as_mut(), context));
            within(&self.clock, deadline, pin!(computing)).await
        };
        let outcome = match ended {
            Ok(outcome) => self.end(lease, revision, outcome, exited),
            Err(_) => {
                drop(lease);
                Err(call::too_long(&self.deployment, revision, &self.what))
            }
        };
        if revision.authority.has_records_waiting() {
            Box::pin(call::record(&self.clock, deadline, revision)).await;
        }
        outcome
    }

    /// Ends a call and gives its instance back, unless it must be discarded.
    #[inline]
    fn end<R>(
        &self,
        mut lease: Lease<'_>,
        revision: &Revision,
        outcome: wasmtime::Result<R>,
        exited: impl FnOnce() -> Option<R>,
    ) -> Result<R> {
        match call::end(
            &self.deployment,
            lease.instance(),
            revision,
            &self.what,
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
        serving: &'a Serving,
        lane: usize,
        deadline: Ticks,
    ) -> Result<Lease<'a>> {
        let revision = &serving.revision;
        let leasing = pin!(
            serving
                .instances
                .lease(&self.deployment.runtime, lane, deadline)
        );
        let leased = match within(&self.clock, deadline, leasing).await {
            Ok(leased) => {
                leased.inspect_err(|error| call::failed(&self.deployment, revision, None, error))
            }
            Err(_) => Err(call::too_long(&self.deployment, revision, &self.what)),
        };
        if leased.is_err() {
            call::record(&self.clock, deadline, revision).await;
        }
        leased
    }

    #[cfg(feature = "http")]
    pub(crate) fn named(&self) -> &Arc<Named> {
        &self.deployment
    }

    #[cfg(feature = "http")]
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Returns the name of what is called, as messages use it.
    #[cfg(feature = "http")]
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// Waits until the call is admitted. A pause counts toward its time.
    async fn admit(&self, begun: Ticks) -> Result<Admission> {
        if let Some(admission) = self.deployment.admit()? {
            return Ok(admission);
        }
        let revision = self.deployment.revision();
        let deadline = begun.plus(revision.call_ticks);
        within(
            &self.clock,
            deadline,
            pin!(self.deployment.admit_after_pause()),
        )
        .await
        .unwrap_or_else(|_| Err(call::past_deadline(&revision, &self.what)))
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        self.deployment.callers.free(self.slot);
    }
}

impl<T: Send + Sync + 'static> Caller for Handle<T> {
    fn bind(&self, revision: &Revision, instance: &mut Instance) -> Result<()> {
        if !instance.bound.has(self.slot) {
            let found = (self.find)(revision, instance)?;
            instance.bound.set(self.slot, found);
        }
        Ok(())
    }

    fn linked(&self) -> Option<&ComponentName> {
        self.caller.as_ref()
    }
}
