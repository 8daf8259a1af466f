//! The deployment that a handle calls: admission of calls, and their instances.
//!
//! Has no type parameters, so that it is compiled once and not for each signature.
//! Tests: `tests/suite/promises`, `tests/suite/limits.rs`.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::box_future;
use crate::Result;
use crate::call::{Call, CallTree, deadline_exceeded};
use crate::clock::{Clock, Ticks, run_until_deadline};
use crate::deployment::{ActiveRevision, Admission, DeploymentEntry, InstanceLease, ReadyLease};
use crate::instance::Instance;
use crate::revision::CallDeadline;

/// The deployment that a handle calls, and the name of what it calls there.
pub(crate) struct CallTarget {
    pub(super) deployment: Arc<DeploymentEntry>,
    /// The host's clock.
    pub(super) clock: Arc<Clock>,
    /// The name of what is called, for messages.
    pub(super) name: String,
}

/// The instance of a call, by where it comes from and where it goes after the call.
pub(super) enum CallLease<'a> {
    /// From the slot of the call's lane, and back into it. The instance is the admission of the
    /// call.
    FromSlot(ReadyLease<'a>),
    /// From the idle instances or a start, and into the slot of its lane if that is empty, so that
    /// the next call on the lane finds it there.
    ToSlot(InstanceLease<'a>),
    /// From the idle instances or a start, and to the idle ones. For calls through links and HTTP
    /// requests: they are admitted before they have an instance, and find none in a slot.
    ToIdle(InstanceLease<'a>),
}

impl CallTarget {
    pub(super) fn new(deployment: &Arc<DeploymentEntry>, name: String) -> Self {
        Self {
            deployment: Arc::clone(deployment),
            clock: Arc::clone(deployment.services.engines.clock()),
            name,
        }
    }

    #[cfg(feature = "http")]
    pub(crate) fn deployment(&self) -> &Arc<DeploymentEntry> {
        &self.deployment
    }

    #[cfg(feature = "http")]
    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Creates a call that was admitted to `active`.
    #[inline]
    pub(super) fn call<'a>(
        &'a self,
        active: &'a Arc<ActiveRevision>,
        deadline: CallDeadline,
        tree: Option<&'a Arc<CallTree>>,
    ) -> Call<'a> {
        Call {
            deployment: &self.deployment,
            active,
            target_name: &self.name,
            deadline,
            tree,
        }
    }

    /// Leases an idle instance for a call that was admitted to `active`. If there is none, starts
    /// one or waits for the next that is free, until the deadline of the call.
    #[inline]
    pub(super) async fn lease<'a>(
        &'a self,
        active: &'a Arc<ActiveRevision>,
        lane: usize,
        deadline: CallDeadline,
    ) -> Result<InstanceLease<'a>> {
        match active.lease_idle(lane) {
            Some(lease) => Ok(lease),
            None => self.wait_for_lease(active, lane, deadline).await,
        }
    }

    /// Starts an instance, or waits for the next that is free. Counts and announces a failure.
    ///
    /// Boxed, because the future that starts an instance is large and would be carried along by
    /// every call that needs none.
    fn wait_for_lease<'a>(
        &'a self,
        active: &'a Arc<ActiveRevision>,
        lane: usize,
        deadline: CallDeadline,
    ) -> BoxFuture<'a, Result<InstanceLease<'a>>> {
        Box::into_pin(box_future(Box::new_uninit(), async move {
            let call = self.call(active, deadline, None);
            let leasing = pin!(active.lease(&self.deployment.services, lane, deadline));
            let leased = match run_until_deadline(&self.clock, deadline.tick, leasing).await {
                Ok(leased) => leased.inspect_err(|error| call.report_failure(error)),
                Err(_) => Err(call.deadline_exceeded()),
            };
            if leased.is_err() {
                call.wait_for_audit_log().await;
            }
            leased
        }))
    }

    /// Admits a call. A pause counts toward its time.
    pub(super) async fn admit(&self, begun: Ticks) -> Result<Admission> {
        match self.deployment.try_admit() {
            Some(admission) => Ok(admission),
            None => Box::pin(self.wait_for_admission(begun)).await,
        }
    }

    async fn wait_for_admission(&self, begun: Ticks) -> Result<Admission> {
        if let Some(admission) = self.deployment.admit()? {
            return Ok(admission);
        }
        let revision = self.deployment.revision();
        let deadline = CallDeadline::for_call(&revision, begun);
        let admission = pin!(self.deployment.admit_after_pause());
        let exceeded = || deadline_exceeded(&self.deployment, &revision, &self.name, deadline);
        run_until_deadline(&self.clock, deadline.tick, admission)
            .await
            .unwrap_or_else(|_| Err(exceeded()))
    }
}

impl CallLease<'_> {
    #[inline]
    pub(super) fn parts(&mut self) -> (&Arc<ActiveRevision>, &mut Instance) {
        match self {
            Self::FromSlot(lease) => lease.parts(),
            Self::ToSlot(lease) | Self::ToIdle(lease) => lease.parts(),
        }
    }

    #[inline]
    pub(super) fn give_back(self, deployment: &DeploymentEntry) {
        match self {
            Self::FromSlot(lease) => lease.give_back(),
            Self::ToSlot(lease) => lease.make_ready(deployment),
            Self::ToIdle(lease) => lease.give_back(),
        }
    }
}
