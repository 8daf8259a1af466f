//! A call in the instance of a session.
//!
//! Tests: `tests/suite/links/resources.rs`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use wasmtime::component::ResourceAny;

use super::{ResourceSession, SessionInstance};
use crate::Result;
use crate::call::{Call, CallTree, TreeEntry};
use crate::clock::Ticks;
use crate::deployment::InstanceLease;
use crate::instance::Instance;
use crate::revision::{CallDeadline, Revision};

const DESTRUCTOR: &str = "the destructor of a resource";

/// The admission of a call that belongs to a session.
pub(crate) struct SessionAdmission<'a> {
    pub(crate) entry: TreeEntry<'a>,
    pub(crate) session: Arc<ResourceSession>,
}

/// A call in the instance of a session.
pub(crate) struct SessionCall<'a> {
    session: &'a ResourceSession,
    tree: &'a Arc<CallTree>,
    deadline: CallDeadline,
    lease: InstanceLease<'a>,
}

impl SessionAdmission<'_> {
    /// Runs a call in the session's instance.
    pub(crate) async fn call<R>(
        &self,
        tree: &Arc<CallTree>,
        bound: Ticks,
        run: impl AsyncFnOnce(&mut SessionCall<'_>) -> Result<R>,
    ) -> Result<R> {
        let mut call = self.session.begin_call(tree, &self.entry, bound).await?;
        let result = run(&mut call).await?;
        call.leave();
        Ok(result)
    }
}

impl<'a> SessionCall<'a> {
    pub(super) fn new(
        session: &'a ResourceSession,
        tree: &'a Arc<CallTree>,
        deadline: CallDeadline,
        lease: InstanceLease<'a>,
    ) -> Self {
        Self {
            session,
            tree,
            deadline,
            lease,
        }
    }

    /// Returns the instance and its revision.
    pub(crate) fn revision_and_instance(&mut self) -> (&Revision, &mut Instance) {
        let (active, instance) = self.lease.parts();
        (&active.revision, instance)
    }

    /// Runs `run` in the instance, within the time of the call.
    pub(crate) async fn run<R>(
        &mut self,
        target_name: &str,
        run: impl AsyncFnOnce(&mut Instance) -> wasmtime::Result<R>,
    ) -> Result<R> {
        let (active, instance) = self.lease.parts();
        let call = Call {
            deployment: &self.session.target,
            active,
            target_name,
            deadline: self.deadline,
            tree: Some(self.tree),
        };
        call.run(instance, run).await
    }

    pub(super) async fn destroy(&mut self, resource: ResourceAny) -> Result<()> {
        let drop =
            async |instance: &mut Instance| resource.resource_drop_async(&mut instance.store).await;
        self.run(DESTRUCTOR, drop).await
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
            SessionInstance::Exclusive(exclusive)
                if open_count.load(Ordering::Relaxed) > 0
                    && !active_revision.is_closed_to_sessions() =>
            {
                exclusive.hold(self.lease.into_instance());
            }
            SessionInstance::Exclusive(_) if active_revision.is_retired() => drop(self.lease),
            _ => self.lease.give_back(),
        }
    }
}
