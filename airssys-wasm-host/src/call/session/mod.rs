//! The instance of another deployment in which a caller has resources, for as long as it has any.
//!
//! | file | contents |
//! |---|---|
//! | `exclusive` | an instance that is held for its caller: one per call, or of a pool |
//! | `shared` | the only instance of a stateful component |
//! | `call` | a call in the instance of a session |
//!
//! Tests: `tests/suite/links/resources.rs`.

mod call;
mod exclusive;
mod shared;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airssys_wasm_core::Instancing;
use wasmtime::component::ResourceAny;

pub(crate) use call::{SessionAdmission, SessionCall};
use exclusive::ExclusiveInstance;
use shared::SharedInstance;

use super::report_failure;
use super::tree::{CallTree, TreeEntry};
use crate::clock::{Ticks, run_until_deadline};
use crate::deployment::{ActiveRevision, DeploymentEntry, InstanceHolder, InstanceLease};
use crate::revision::CallDeadline;
use crate::{Error, ErrorKind, Result};

/// The name of a call that waits for its instance, for messages.
const CALL_NAME: &str = "a call with resources";

/// The resources that a caller has open in one instance of another deployment.
pub(crate) struct ResourceSession {
    target: Arc<DeploymentEntry>,
    active_revision: Arc<ActiveRevision>,
    lane: usize,
    instance: SessionInstance,
    /// The number of open resources.
    open_count: AtomicUsize,
}

enum SessionInstance {
    Exclusive(ExclusiveInstance),
    Shared(Arc<SharedInstance>),
}

impl ResourceSession {
    /// Begins a session in the revision that a call was admitted to.
    pub(crate) fn begin(target: &Arc<DeploymentEntry>, entered: &TreeEntry<'_>) -> Arc<Self> {
        let instance = match entered.active_revision.revision.terms.instancing {
            Instancing::Stateful => SessionInstance::Shared(SharedInstance::new()),
            _ => SessionInstance::Exclusive(ExclusiveInstance::new()),
        };
        let session = Arc::new(Self {
            target: Arc::clone(target),
            active_revision: Arc::clone(&entered.active_revision),
            lane: entered.lane,
            instance,
            open_count: AtomicUsize::new(0),
        });
        if session.is_exclusive() {
            let holder: Arc<dyn InstanceHolder> = session.clone();
            target.instance_holders.register(Arc::downgrade(&holder));
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

    /// Returns `true` if a call admitted to `active` may open more resources here.
    pub(crate) fn is_open_in(&self, active: &Arc<ActiveRevision>) -> bool {
        let is_here = match &self.instance {
            SessionInstance::Exclusive(exclusive) => exclusive.is_idle(),
            SessionInstance::Shared(shared) => shared.has_number(active.instances.newest()),
        };
        is_here && Arc::ptr_eq(&self.active_revision, active)
    }

    /// Returns `true` if resources of both sessions can be used together.
    pub(crate) fn shares_instance_with(&self, other: &Self) -> bool {
        match (&self.instance, &other.instance) {
            (SessionInstance::Shared(one), SessionInstance::Shared(another)) => {
                one.is_same_as(another)
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
    pub(crate) async fn enter<'a>(&self, tree: &'a CallTree) -> Result<TreeEntry<'a>> {
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
        entered: &'a TreeEntry<'_>,
        bound: Ticks,
    ) -> Result<SessionCall<'a>> {
        let begun = self.target.services.engines.clock().now();
        let deadline = CallDeadline::for_call(&self.active_revision.revision, begun).within(bound);
        let lease = match &self.instance {
            SessionInstance::Exclusive(exclusive) => {
                exclusive.lease(self, entered.lane, deadline).await?
            }
            SessionInstance::Shared(shared) => shared.lease(self, entered.lane, deadline).await?,
        };
        Ok(SessionCall::new(self, tree, deadline, lease))
    }

    /// Leases any instance, as other calls do. Counts and announces a failure.
    async fn lease(&self, lane: usize, deadline: CallDeadline) -> Result<InstanceLease<'_>> {
        let active = &self.active_revision;
        if let Some(lease) = active.lease_idle(lane) {
            return Ok(lease);
        }
        let lease = Box::pin(active.lease(&self.target.services, lane, deadline));
        let clock = self.target.services.engines.clock();
        run_until_deadline(clock, deadline.tick, pin!(lease))
            .await
            .unwrap_or_else(|_| Err(deadline.exceeded_error(&active.revision, CALL_NAME)))
            .inspect_err(|error| report_failure(&self.target, &active.revision, None, error))
    }

    /// Runs the destructor of a resource that its owner drops, unless its instance is already gone.
    pub(crate) async fn drop_resource(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        take: impl FnOnce() -> Option<ResourceAny>,
    ) -> Result<()> {
        match self.run_destructor(tree, bound, take).await {
            Err(error) if is_instance_gone(&error) => Ok(()),
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
        let mut call = self.begin_call(tree, &entered, bound).await?;
        if let Some(resource) = take() {
            call.destroy(resource).await?;
        }
        call.leave();
        Ok(())
    }

    /// Drops a resource whose owner is gone. In an instance held by the session there is nothing to
    /// do: it is dropped with the session, and the resource with it.
    pub(crate) fn drop_orphan(self: &Arc<Self>, resource: ResourceAny) {
        if let SessionInstance::Shared(shared) = &self.instance {
            shared.drop_orphan(self, resource);
        }
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
fn is_instance_gone(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ResourceLost | ErrorKind::NotDeployed | ErrorKind::HostDropped
    )
}

impl InstanceHolder for ResourceSession {
    fn active_revision(&self) -> &Arc<ActiveRevision> {
        &self.active_revision
    }

    fn release(&self) {
        if let SessionInstance::Exclusive(exclusive) = &self.instance
            && let Some(instance) = exclusive.take_idle()
        {
            drop(self.active_revision.lease_held(self.lane, instance));
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
