//! An instance leased to one call.
//!
//! Tests: `tests/suite/instancing.rs`.

use std::sync::Arc;

use super::instances::InstanceOffer;
use super::ready_instance::ReadyInstance;
use super::{ActiveRevision, DeploymentEntry};
use crate::Result;
use crate::instance::Instance;
use crate::revision::CallDeadline;
use crate::services::HostServices;

/// An instance leased to one call. Discarded if it is dropped without being given back: the call
/// trapped, or its caller dropped it midway.
pub(crate) struct InstanceLease<'a> {
    active: &'a Arc<ActiveRevision>,
    lane: usize,
    instance: Option<Box<Instance>>,
}

impl ActiveRevision {
    /// Leases an idle instance for a call on `lane`. Returns `None` if there is none, or if other
    /// calls wait for one.
    #[inline]
    pub(crate) fn lease_idle(self: &Arc<Self>, lane: usize) -> Option<InstanceLease<'_>> {
        let instance = self.instances.take_unless_waiting(lane)?;
        Some(self.lease_held(lane, instance))
    }

    /// Leases an instance for a call on `lane` that found none idle: starts one if the limit allows
    /// it, or else waits for the next that is given back.
    pub(crate) async fn lease(
        self: &Arc<Self>,
        services: &Arc<HostServices>,
        lane: usize,
        deadline: CallDeadline,
    ) -> Result<InstanceLease<'_>> {
        match self.instances.offer(lane).await {
            InstanceOffer::Instance(instance) => Ok(self.lease_held(lane, instance)),
            InstanceOffer::Place => self.start(services, lane, deadline).await,
        }
    }

    /// Leases an instance that was held for its caller between calls.
    pub(crate) fn lease_held(
        self: &Arc<Self>,
        lane: usize,
        instance: Box<Instance>,
    ) -> InstanceLease<'_> {
        InstanceLease {
            active: self,
            lane,
            instance: Some(instance),
        }
    }

    /// Starts an instance in a place that is already reserved.
    async fn start(
        self: &Arc<Self>,
        services: &Arc<HostServices>,
        lane: usize,
        deadline: CallDeadline,
    ) -> Result<InstanceLease<'_>> {
        let mut lease = InstanceLease {
            active: self,
            lane,
            instance: None,
        };
        let instance = self.revision.start(services, deadline).await?;
        self.instances.count_started(&instance);
        lease.instance = Some(Box::new(instance));
        Ok(lease)
    }
}

impl InstanceLease<'_> {
    /// Returns the revision, and the instance.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&Arc<ActiveRevision>, &mut Instance) {
        let instance = self.instance.as_mut().expect(HOLDS_INSTANCE);
        (self.active, instance)
    }

    #[inline]
    pub(crate) fn instance(&mut self) -> &mut Instance {
        self.parts().1
    }

    /// Takes the instance out for the next call of the same caller. It still counts toward the
    /// limit.
    pub(crate) fn into_instance(mut self) -> Box<Instance> {
        let instance = self.instance.take().expect(HOLDS_INSTANCE);
        std::mem::forget(self);
        instance
    }

    /// Gives the instance back after the call ended with the guest's own result, so that the next
    /// call may use it.
    #[inline]
    pub(crate) fn give_back(mut self) {
        if let Some(instance) = self.instance.take() {
            self.active.instances.give_back(self.lane, instance);
            std::mem::forget(self);
        }
    }

    /// Gives the instance back, to the slot of its lane if that has none. The call must be inside
    /// the revision until this returns.
    pub(crate) fn make_ready(self, deployment: &DeploymentEntry) {
        let (active, lane) = (self.active, self.lane);
        let instance = self.into_instance();
        let Some(period) = active.instances.begin_ready(lane, &instance) else {
            return active.instances.give_back(lane, instance);
        };
        let ready = ReadyInstance::new(active, lane, period, instance);
        deployment.put_ready(lane, Box::new(ready));
    }
}

impl Drop for InstanceLease<'_> {
    fn drop(&mut self) {
        drop(self.instance.take());
        self.active.instances.release_place(self.lane);
    }
}

const HOLDS_INSTANCE: &str = "a lease holds its instance until it is given back";
