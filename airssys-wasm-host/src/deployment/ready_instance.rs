//! An instance that waits in a slot for the next call on its lane.
//!
//! Tests: `tests/suite/promises`, `tests/suite/instancing.rs`.

use std::sync::Arc;

use super::ready_slots::{OpenPeriod, ReadySlots};
use super::{ActiveRevision, Admission, DeploymentEntry, lane};
use crate::instance::Instance;

/// The slots of a deployment with their instances.
pub(crate) type ReadyInstances = ReadySlots<ReadyInstance>;

/// An instance in a slot, or in the call that has taken it from there. Counts as a call inside its
/// revision, which does not drain before the instance is gone.
pub(crate) struct ReadyInstance {
    /// `None` once it is taken out permanently.
    instance: Option<Box<Instance>>,
    period: OpenPeriod,
    admission: Admission,
}

/// The ready instance of a lane, leased to one call. Discarded if it is dropped without being given
/// back.
pub(crate) struct ReadyLease<'a> {
    deployment: &'a DeploymentEntry,
    /// `None` once it is given back.
    ready: Option<Box<ReadyInstance>>,
}

impl ReadyInstance {
    /// Prepares the instance of a call that is inside `active`, on its lane.
    pub(super) fn new(
        active: &Arc<ActiveRevision>,
        lane: usize,
        period: OpenPeriod,
        instance: Box<Instance>,
    ) -> Self {
        Self {
            instance: Some(instance),
            period,
            admission: Admission::reenter_on(Arc::clone(active), lane),
        }
    }

    /// Takes the instance out permanently.
    pub(super) fn into_instance(mut self) -> Box<Instance> {
        self.active().instances.end_ready(self.admission.lane);
        self.instance.take().expect(IN_PLACE)
    }

    /// Moves the instance to the idle instances of its revision.
    #[cold]
    pub(super) fn retire(self) {
        let (active, lane) = (Arc::clone(self.active()), self.admission.lane);
        // Still counted, so that the revision does not drain before the instance is at rest.
        let _inside = Admission::reenter_on(Arc::clone(&active), lane);
        active.instances.give_back(lane, self.into_instance());
    }

    #[inline]
    pub(super) fn active(&self) -> &Arc<ActiveRevision> {
        self.admission.active_revision()
    }

    #[inline]
    pub(super) fn period(&self) -> OpenPeriod {
        self.period
    }
}

impl Drop for ReadyInstance {
    fn drop(&mut self) {
        if let Some(instance) = self.instance.take() {
            // Frees its memory before its place.
            drop(instance);
            let (active, lane) = (self.active(), self.admission.lane);
            active.instances.end_ready(lane);
            active.instances.release_place(lane);
        }
    }
}

impl<'a> ReadyLease<'a> {
    /// Leases the ready instance of this thread's lane, if there is one. This admits the call.
    #[inline]
    pub(super) fn take(deployment: &'a DeploymentEntry) -> Option<Self> {
        let slots = &*deployment.ready;
        let ready = slots.take(lane::current_lane(slots.lanes()))?;
        if !slots.is_open(ready.period) || slots.has_waiting() {
            ready.retire();
            return None;
        }
        ready
            .active()
            .instances
            .begin_ready_call(ready.admission.lane);
        Some(Self {
            deployment,
            ready: Some(ready),
        })
    }

    /// Returns the revision that the call is admitted to, and the instance.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&Arc<ActiveRevision>, &mut Instance) {
        let ReadyInstance {
            instance,
            admission,
            ..
        } = &mut **self.ready.as_mut().expect(IN_PLACE);
        let instance = instance.as_mut().expect(IN_PLACE);
        (admission.active_revision(), instance)
    }

    /// Gives the instance back to its slot after the call ended with the guest's own result.
    #[inline]
    pub(crate) fn give_back(mut self) {
        let Some(ready) = self.ready.take() else {
            return;
        };
        let lane = ready.admission.lane;
        let instances = &ready.active().instances;
        if ready
            .instance
            .as_ref()
            .is_some_and(|used| instances.is_used_up(used))
        {
            return;
        }
        instances.end_ready_call(lane);
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

const IN_PLACE: &str = "an instance stays until it is taken out permanently";
