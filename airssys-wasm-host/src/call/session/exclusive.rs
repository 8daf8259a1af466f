//! An instance that a session holds for its caller alone.
//!
//! Any instance that is worth no more than another: one per call, or one of a pool. It is held
//! together with its revision, even if another revision is active by then.
//! Tests: `tests/suite/links/resources.rs`.

use parking_lot::Mutex;

use super::ResourceSession;
use crate::Result;
use crate::deployment::InstanceLease;
use crate::instance::Instance;
use crate::revision::CallDeadline;

pub(super) struct ExclusiveInstance(Mutex<HeldInstance>);

/// The state of the instance between calls.
enum HeldInstance {
    /// Not leased yet; the first call leases it.
    NotLeased,
    Idle(Box<Instance>),
    /// In use by a call, discarded, or no longer needed.
    Unavailable,
}

impl ExclusiveInstance {
    pub(super) fn new() -> Self {
        Self(Mutex::new(HeldInstance::NotLeased))
    }

    /// Returns `true` if it is held and no call uses it.
    pub(super) fn is_idle(&self) -> bool {
        matches!(*self.0.lock(), HeldInstance::Idle(_))
    }

    /// Takes the instance, unless a call uses it.
    pub(super) fn take_idle(&self) -> Option<Box<Instance>> {
        match self.take() {
            HeldInstance::Idle(instance) => Some(instance),
            HeldInstance::NotLeased | HeldInstance::Unavailable => None,
        }
    }

    /// Holds the instance until the next call.
    pub(super) fn hold(&self, instance: Box<Instance>) {
        *self.0.lock() = HeldInstance::Idle(instance);
    }

    /// Leases the instance for a call.
    pub(super) async fn lease<'a>(
        &self,
        session: &'a ResourceSession,
        lane: usize,
        deadline: CallDeadline,
    ) -> Result<InstanceLease<'a>> {
        match self.take() {
            HeldInstance::Idle(instance) => {
                Ok(session.active_revision.lease_held(session.lane, instance))
            }
            HeldInstance::Unavailable => Err(session.lost()),
            HeldInstance::NotLeased => session.lease(lane, deadline).await,
        }
    }

    fn take(&self) -> HeldInstance {
        std::mem::replace(&mut self.0.lock(), HeldInstance::Unavailable)
    }
}
