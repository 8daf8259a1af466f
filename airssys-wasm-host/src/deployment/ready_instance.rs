//! An instance that waits in a slot for the next call on its lane.
//!
//! Tests: `tests/suite/promises`, `tests/suite/instancing.rs`.

use std::sync::Arc;

use super::ready_slots::{OpenPeriod, ReadySlots};
use super::{ActiveRevision, Admission};
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
        self.active().instances.end_ready(self.lane());
        self.instance.take().expect(IN_PLACE)
    }

    /// Moves the instance to the idle instances of its revision, and serves its queue. The queues of
    /// all revisions must be unlocked.
    #[cold]
    pub(super) fn retire(self) {
        let (active, lane) = (Arc::clone(self.active()), self.lane());
        // Still counted, so that the revision does not drain before the instance is at rest.
        let _inside = Admission::reenter_on(Arc::clone(&active), lane);
        active.instances.give_back(lane, self.into_instance());
    }

    #[inline]
    pub(super) fn active(&self) -> &Arc<ActiveRevision> {
        self.admission.active_revision()
    }

    #[inline]
    pub(super) fn lane(&self) -> usize {
        self.admission.lane
    }

    #[inline]
    pub(super) fn period(&self) -> OpenPeriod {
        self.period
    }

    /// Returns the revision, and the instance.
    #[inline]
    pub(super) fn parts(&mut self) -> (&Arc<ActiveRevision>, &mut Instance) {
        let instance = self.instance.as_mut().expect(IN_PLACE);
        (self.admission.active_revision(), instance)
    }

    /// Returns `true` if the instance must not be used again.
    #[inline]
    pub(super) fn is_used_up(&self) -> bool {
        let instances = &self.active().instances;
        self.instance
            .as_ref()
            .is_some_and(|used| instances.is_used_up(used))
    }
}

impl Drop for ReadyInstance {
    fn drop(&mut self) {
        if let Some(instance) = self.instance.take() {
            // Frees its memory before its place.
            drop(instance);
            let (active, lane) = (self.active(), self.lane());
            active.instances.end_ready(lane);
            active.instances.release_place(lane);
        }
    }
}

const IN_PLACE: &str = "an instance stays until it is taken out permanently";
