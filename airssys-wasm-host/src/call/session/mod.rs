//! The instance of another deployment in which a caller has resources, for as long as it has any.
//!
//! An instance that is worth no more than another (one per call, or of a pool) is held for the
//! caller alone, together with its revision, even if another revision is active by then. The only
//! instance of a stateful component serves other callers in between; resources open in it are lost
//! with it.
//! Tests: `tests/suite/links/resources.rs`.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use airssys_wasm_core::Instancing;
use parking_lot::Mutex;
use tokio::runtime::Handle as Runtime;
use wasmtime::component::ResourceAny;

use super as call;
use super::tree::{CallTree, TreeEntry};
use crate::clock::{Ticks, run_until_deadline};
use crate::deployment::{ActiveRevision, DeploymentEntry, InstanceHolder, InstanceLease};
use crate::instance::{Instance, poll_catching_panics};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

const DESTRUCTOR: &str = "the destructor of a resource";

/// The resources that a caller has open in one instance of another deployment.
pub(crate) struct ResourceSession {
    target: Arc<DeploymentEntry>,
    active_revision: Arc<ActiveRevision>,
    lane: usize,
    instance: SessionInstance,
    /// The number of open resources.
    open_count: AtomicUsize,
    /// Resources whose owner is gone.
    orphans: Mutex<Vec<ResourceAny>>,
    /// The tokio runtime that drops orphans.
    runtime: Option<Runtime>,
}

enum SessionInstance {
    /// The instance itself.
    Exclusive(Mutex<HeldInstance>),
    /// The number of the only instance of its revision.
    Shared(OnceLock<u64>),
}

/// The state of the instance that a session holds.
enum HeldInstance {
    /// Not leased yet; the first call leases it.
    NotLeased,
    Idle(Box<Instance>),
    /// In use by a call, discarded, or no longer needed.
    Unavailable,
}

/// The admission of a call that belongs to a session.
pub(crate) struct SessionAdmission {
    pub(crate) entry: TreeEntry,
    pub(crate) session: Arc<ResourceSession>,
}

/// A call in the instance of a session.
pub(crate) struct SessionCall<'a> {
    session: &'a ResourceSession,
    tree: &'a Arc<CallTree>,
    deadline: Ticks,
    lease: InstanceLease<'a>,
}

impl ResourceSession {
    /// Begins a session in the revision that a call was admitted to.
    pub(crate) fn begin(target: &Arc<DeploymentEntry>, entered: &TreeEntry) -> Arc<Self> {
        let instance = match entered.active_revision.revision.instancing {
            Instancing::Stateful => SessionInstance::Shared(OnceLock::new()),
            _ => SessionInstance::Exclusive(Mutex::new(HeldInstance::NotLeased)),
        };
        let session = Arc::new(Self {
            target: Arc::clone(target),
            active_revision: Arc::clone(&entered.active_revision),
            lane: entered.lane,
            instance,
            open_count: AtomicUsize::new(0),
            orphans: Mutex::default(),
            runtime: Runtime::try_current().ok(),
        });
        if session.is_exclusive() {
            let keeper: Arc<dyn InstanceHolder> = session.clone();
            target.instance_holders.register(Arc::downgrade(&keeper));
        }
        session
    }

    /// Returns `true` if the instance belongs to `target`.
    pub(crate) fn is_in(&self, target: &Arc<DeploymentEntry>) -> bool {
        Arc::ptr_eq(&self.target, target)
    }

    /// Returns `true` if the instance serves no other caller.
    pub(crate) fn is_exclusive(&self) -> bool {
        matches!(self.instance, SessionInstance::Exclusive(_))
    }

    /// Returns `true` if a call admitted by `serving` may open more resources here.
    pub(crate) fn is_open_in(&self, serving: &Arc<ActiveRevision>) -> bool {
        let is_here = match &self.instance {
            SessionInstance::Exclusive(kept) => matches!(*kept.lock(), HeldInstance::Idle(_)),
            SessionInstance::Shared(number) => number.get() == Some(&serving.instances.newest()),
        };
        is_here && Arc::ptr_eq(&self.active_revision, serving)
    }

    /// Returns `true` if resources of both sessions can be used together.
    pub(crate) fn shares_instance_with(&self, other: &Self) -> bool {
        match (&self.instance, &other.instance) {
            (SessionInstance::Shared(here), SessionInstance::Shared(there)) => {
                here.get() == there.get()
            }
            _ => std::ptr::eq(self, other),
        }
    }

    /// Counts a resource that was opened.
    pub(crate) fn count_opened(&self) {
        self.open_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a resource that was closed.
    pub(crate) fn count_closed(&self) {
        self.open_count.fetch_sub(1, Ordering::Relaxed);
    }

    /// Admits a call to the resources that are open here.
    pub(crate) async fn enter(&self, tree: &Arc<CallTree>) -> Result<TreeEntry> {
        if self.is_exclusive() {
            let entered = tree
                .enter_session(&self.target, &self.active_revision)
                .await?;
            return entered.ok_or_else(|| self.lost());
        }
        let entered = tree.enter(&self.target).await?;
        if Arc::ptr_eq(&entered.active_revision, &self.active_revision) {
            Ok(entered)
        } else {
            Err(self.lost())
        }
    }

    /// Leases the instance for a call that was admitted; the first call chooses it.
    pub(crate) async fn begin_call<'a>(
        &'a self,
        tree: &'a Arc<CallTree>,
        entered: &'a TreeEntry,
        bound: Ticks,
    ) -> Result<SessionCall<'a>> {
        let clock = self.target.runtime.engines.clock();
        let deadline = clock
            .now()
            .saturating_add(self.active_revision.revision.call_ticks)
            .min(bound);
        let lease = match &self.instance {
            SessionInstance::Exclusive(kept) => {
                self.lease_exclusive(take_held(kept), entered.lane, deadline)
                    .await?
            }
            SessionInstance::Shared(number) => {
                self.lease_shared(number, entered.lane, deadline).await?
            }
        };
        Ok(SessionCall {
            session: self,
            tree,
            deadline,
            lease,
        })
    }

    async fn lease_exclusive(
        &self,
        kept: HeldInstance,
        lane: usize,
        deadline: Ticks,
    ) -> Result<InstanceLease<'_>> {
        match kept {
            HeldInstance::Idle(instance) => Ok(self
                .active_revision
                .instances
                .lease_held(self.lane, instance)),
            HeldInstance::Unavailable => Err(self.lost()),
            HeldInstance::NotLeased => self.lease(lane, deadline).await,
        }
    }

    /// Leases the instance in which resources were opened before, if it still exists.
    async fn lease_shared(
        &self,
        number: &OnceLock<u64>,
        lane: usize,
        deadline: Ticks,
    ) -> Result<InstanceLease<'_>> {
        let is_it = |here: u64| number.get().is_none_or(|number| *number == here);
        if !is_it(self.active_revision.instances.newest()) {
            return Err(self.lost());
        }
        let mut lease = self.lease(lane, deadline).await?;
        let here = lease.instance().store.data().instance_number();
        if !is_it(here) {
            // A newer instance, with resources of other sessions only.
            lease.give_back();
            return Err(self.lost());
        }
        number.get_or_init(|| here);
        Ok(lease)
    }

    /// Leases any instance, as other calls do.
    async fn lease(&self, lane: usize, deadline: Ticks) -> Result<InstanceLease<'_>> {
        let ActiveRevision {
            instances,
            revision,
            ..
        } = &*self.active_revision;
        if let Some(lease) = instances.lease_idle(lane) {
            return Ok(lease);
        }
        let lease = Box::pin(instances.lease(&self.target.runtime, lane, deadline));
        let clock = self.target.runtime.engines.clock();
        let leased = run_until_deadline(clock, deadline, pin!(lease)).await;
        leased.unwrap_or_else(|_| Err(revision.deadline_error("a call with resources")))
    }

    /// Runs the destructor of a resource that its owner drops, unless its instance is already gone.
    pub(crate) async fn drop_resource(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        take: impl FnOnce() -> Option<ResourceAny>,
    ) -> Result<()> {
        match self.run_destructor(tree, bound, take).await {
            Err(error) if is_gone(&error) => Ok(()),
            outcome => outcome,
        }
    }

    async fn run_destructor(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        take: impl FnOnce() -> Option<ResourceAny>,
    ) -> Result<()> {
        let entered = self.enter(tree).await?;
        let mut seat = self.begin_call(tree, &entered, bound).await?;
        if let Some(resource) = take() {
            seat.destroy(resource).await?;
        }
        seat.leave();
        Ok(())
    }

    /// Drops a resource whose owner is gone. In an instance held by the session there is nothing to
    /// do: it is dropped with the session, and the resource with it.
    pub(crate) fn drop_orphan(self: &Arc<Self>, resource: ResourceAny) {
        let (SessionInstance::Shared(_), Some(runtime)) = (&self.instance, &self.runtime) else {
            return;
        };
        let is_first = {
            let mut orphans = self.orphans.lock();
            orphans.push(resource);
            orphans.len() == 1
        };
        if is_first {
            let session = Arc::clone(self);
            runtime.spawn(async move { session.drop_orphans().await });
        }
    }

    /// Drops the orphans. Waits for the instance without limit, since no caller waits for this.
    async fn drop_orphans(&self) {
        while let Err(error) = self.try_to_drop_orphans().await {
            if error.kind() != ErrorKind::DeadlineExceeded {
                // They ended with their instance or its deployment.
                self.orphans.lock().clear();
            }
        }
    }

    async fn try_to_drop_orphans(&self) -> Result<()> {
        if self.orphans.lock().is_empty() {
            return Ok(());
        }
        let tree = Arc::new(CallTree::default());
        let entered = self.enter(&tree).await?;
        let mut seat = self.begin_call(&tree, &entered, Ticks::MAX).await?;
        while let Some(orphan) = self.next_orphan() {
            seat.destroy(orphan).await?;
        }
        seat.leave();
        Ok(())
    }

    fn next_orphan(&self) -> Option<ResourceAny> {
        self.orphans.lock().pop()
    }

    fn lost(&self) -> Error {
        let message = format!(
            "a resource of {} is lost: its instance has ended; open it again",
            self.active_revision.revision
        );
        Error::new(ErrorKind::ResourceLost, message)
    }
}

/// Returns `true` if nothing is left to drop: an instance ends with its deployment and with its
/// host.
fn is_gone(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ResourceLost | ErrorKind::NotDeployed | ErrorKind::HostDropped
    )
}

fn take_held(kept: &Mutex<HeldInstance>) -> HeldInstance {
    std::mem::replace(&mut kept.lock(), HeldInstance::Unavailable)
}

impl InstanceHolder for ResourceSession {
    fn active_revision(&self) -> &Arc<ActiveRevision> {
        &self.active_revision
    }

    fn release(&self) {
        if let SessionInstance::Exclusive(kept) = &self.instance
            && let HeldInstance::Idle(instance) = take_held(kept)
        {
            drop(
                self.active_revision
                    .instances
                    .lease_held(self.lane, instance),
            );
        }
    }
}

impl Drop for ResourceSession {
    /// Discards a held instance with the resources that are open in it, which have no owner any
    /// more.
    fn drop(&mut self) {
        self.release();
    }
}

impl SessionAdmission {
    /// Runs a call in the session's instance.
    pub(crate) async fn call<R>(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        run: impl AsyncFnOnce(&mut SessionCall<'_>) -> Result<R>,
    ) -> Result<R> {
        let mut seat = self.session.begin_call(tree, &self.entry, bound).await?;
        let result = run(&mut seat).await?;
        seat.leave();
        Ok(result)
    }
}

impl SessionCall<'_> {
    /// Runs `run` in the instance, within the time of the call.
    pub(crate) async fn run<R>(
        &mut self,
        what: &str,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<R>,
    ) -> Result<R> {
        let ResourceSession {
            target,
            active_revision,
            ..
        } = self.session;
        let instance = self.lease.instance();
        call::begin(instance, active_revision, self.deadline, Some(self.tree))?;
        let clock = target.runtime.engines.clock();
        let outcome = {
            let permit = instance.store.data_mut().crowd_permit();
            let mut running = pin!(run(instance));
            let computing =
                permit.while_computing(|context| poll_catching_panics(running.as_mut(), context));
            run_until_deadline(clock, self.deadline, pin!(computing)).await
        };
        match outcome {
            Ok(outcome) => call::end(
                target,
                self.lease.instance(),
                &active_revision.revision,
                what,
                outcome,
            ),
            Err(_) => Err(call::deadline_exceeded(
                target,
                &active_revision.revision,
                what,
            )),
        }
    }

    async fn destroy(&mut self, resource: ResourceAny) -> Result<()> {
        let drop =
            async |instance: &mut Instance| resource.resource_drop_async(&mut instance.store).await;
        self.run(DESTRUCTOR, drop).await
    }

    /// Returns the instance and its revision.
    pub(crate) fn revision_and_instance(&mut self) -> (&Revision, &mut Instance) {
        (
            &self.session.active_revision.revision,
            self.lease.instance(),
        )
    }

    /// Ends the call. The instance is held while any resource is open in it.
    pub(crate) fn leave(self) {
        let ResourceSession {
            instance,
            active_revision,
            open_count,
            ..
        } = self.session;
        match instance {
            SessionInstance::Exclusive(kept)
                if open_count.load(Ordering::Relaxed) > 0
                    && !active_revision.is_closed_to_sessions() =>
            {
                *kept.lock() = HeldInstance::Idle(self.lease.into_instance());
            }
            SessionInstance::Exclusive(_) if active_revision.is_retired() => drop(self.lease),
            _ => self.lease.give_back(),
        }
    }
}
