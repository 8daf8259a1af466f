//! The ready instance of a lane, leased to one call.
//!
//! Tests: `tests/suite/promises`, `tests/suite/instancing.rs`.

use std::sync::Arc;

use super::ready_instance::ReadyInstance;
use super::{ActiveRevision, DeploymentEntry, lane};
use crate::instance::Instance;

/// The ready instance of a lane, leased to one call. Discarded if it is dropped without being given
/// back.
pub(crate) struct ReadyLease<'a> {
    deployment: &'a DeploymentEntry,
    /// `None` once it is given back.
    ready: Option<Box<ReadyInstance>>,
}

impl<'a> ReadyLease<'a> {
    /// Leases the ready instance of this thread's lane, if there is one. This admits the call.
    #[inline]
    pub(super) fn take(deployment: &'a DeploymentEntry) -> Option<Self> {
        let slots = &*deployment.ready;
        let ready = slots.take(lane::current_lane(slots.lanes()))?;
        if !slots.is_open(ready.period()) || slots.has_waiting() {
            ready.retire();
            return None;
        }
        ready.active().instances.begin_ready_call(ready.lane());
        Some(Self {
            deployment,
            ready: Some(ready),
        })
    }

    /// Returns the revision that the call is admitted to, and the instance.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&Arc<ActiveRevision>, &mut Instance) {
        self.ready.as_mut().expect(NOT_GIVEN_BACK).parts()
    }

    /// Gives the instance back to its slot after the call ended with the guest's own result.
    #[inline]
    pub(crate) fn give_back(mut self) {
        let Some(ready) = self.ready.take() else {
            return;
        };
        if ready.is_used_up() {
            return;
        }
        let lane = ready.lane();
        ready.active().instances.end_ready_call(lane);
        self.deployment.put_ready(lane, ready);
    }
}

impl DeploymentEntry {
    /// Puts an instance in the slot of its lane, if its revision may have one there.
    #[inline]
    pub(super) fn put_ready(&self, lane: usize, ready: Box<ReadyInstance>) {
        let rest = self.ready.put(lane, ready.period(), ready);
        for ready in rest.into_iter().flatten() {
            ready.retire();
        }
        if self.ready.has_waiting() {
            self.serve_waiters(lane);
        }
    }

    #[cold]
    fn serve_waiters(&self, lane: usize) {
        self.active_revision().instances.serve_waiters(lane);
    }
}

const NOT_GIVEN_BACK: &str = "a lease holds its instance until it is given back";
