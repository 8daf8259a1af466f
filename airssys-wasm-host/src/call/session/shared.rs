//! The only instance of a stateful component, in which several callers have resources.
//!
//! It serves other callers in between. The resources that are open in it are lost with it.
//! Tests: `tests/suite/links/resources.rs`.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::runtime::Handle as Runtime;
use wasmtime::component::ResourceAny;

use super::ResourceSession;
use crate::call::CallTree;
use crate::clock::Ticks;
use crate::deployment::InstanceLease;
use crate::revision::CallDeadline;
use crate::{ErrorKind, Result};

pub(super) struct SharedInstance {
    /// The number of the instance, once a call has chosen it.
    number: OnceLock<u64>,
    /// Resources whose owner is gone.
    orphans: Mutex<Vec<ResourceAny>>,
    /// The tokio runtime that drops orphans.
    runtime: Option<Runtime>,
}

impl SharedInstance {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            number: OnceLock::new(),
            orphans: Mutex::default(),
            runtime: Runtime::try_current().ok(),
        })
    }

    /// Returns `true` if it is the instance with this number.
    pub(super) fn has_number(&self, number: u64) -> bool {
        self.number.get() == Some(&number)
    }

    /// Returns `true` if both are the same instance.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.number.get() == other.number.get()
    }

    /// Leases the instance in which resources were opened before, if it still exists.
    pub(super) async fn lease<'a>(
        &self,
        session: &'a ResourceSession,
        lane: usize,
        deadline: CallDeadline,
    ) -> Result<InstanceLease<'a>> {
        if !self.may_be(session.active_revision.instances.newest()) {
            return Err(session.lost());
        }
        let mut lease = session.lease(lane, deadline).await?;
        let number = lease.instance().store.data().instance_number();
        if !self.may_be(number) {
            // A newer instance, with resources of other sessions only.
            lease.give_back();
            return Err(session.lost());
        }
        self.number.get_or_init(|| number);
        Ok(lease)
    }

    fn may_be(&self, number: u64) -> bool {
        self.number.get().is_none_or(|chosen| *chosen == number)
    }

    /// Drops a resource whose owner is gone, in the background.
    pub(super) fn drop_orphan(
        self: &Arc<Self>,
        session: &Arc<ResourceSession>,
        resource: ResourceAny,
    ) {
        let Some(runtime) = &self.runtime else {
            return;
        };
        let is_first = {
            let mut orphans = self.orphans.lock();
            orphans.push(resource);
            orphans.len() == 1
        };
        if is_first {
            let (shared, session) = (Arc::clone(self), Arc::clone(session));
            runtime.spawn(async move { shared.drop_orphans(&session).await });
        }
    }

    /// Drops the orphans. Waits for the instance without limit, since no caller waits for this.
    async fn drop_orphans(&self, session: &ResourceSession) {
        while let Err(error) = self.try_to_drop_orphans(session).await {
            if error.kind() != ErrorKind::DeadlineExceeded {
                // They ended with their instance or its deployment.
                self.orphans.lock().clear();
            }
        }
    }

    async fn try_to_drop_orphans(&self, session: &ResourceSession) -> Result<()> {
        if self.orphans.lock().is_empty() {
            return Ok(());
        }
        let tree = Arc::new(CallTree::default());
        let entered = session.enter(&tree).await?;
        let mut call = session.begin_call(&tree, &entered, Ticks::MAX).await?;
        while let Some(orphan) = self.next_orphan() {
            call.destroy(orphan).await?;
        }
        call.leave();
        Ok(())
    }

    fn next_orphan(&self) -> Option<ResourceAny> {
        self.orphans.lock().pop()
    }
}
