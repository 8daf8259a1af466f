//! The deployment that a handle calls: admission of calls, and their instances.
//!
//! Has no type parameters, so that it is compiled once and not for each signature.
//! Tests: `tests/suite/promises`, `tests/suite/limits.rs`.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::Result;
use crate::call::{Call, CallTree};
use crate::clock::{Clock, Ticks, run_until_deadline};
use crate::deployment::{ActiveRevision, Admission, DeploymentEntry, InstanceLease, ReadyLease};
use crate::instance::Instance;

/// The deployment that a handle calls, and the name of what it calls there.
pub(crate) struct CallTarget {
    pub(super) deployment: Arc<DeploymentEntry>,
    /// The host's clock.
    pub(super) clock: Arc<Clock>,
    /// The name of what is called, for messages.
    pub(super) name: String,
}

/// The instance of a call.
pub(super) enum CallLease<'a> {
    /// The instance that was ready on the lane of the call.
    Ready(ReadyLease<'a>),
    /// An instance that becomes the ready one of its lane.
    Plain(InstanceLease<'a>),
    /// An instance that any call takes next.
    Shared(InstanceLease<'a>),
}

impl CallTarget {
    pub(super) fn new(deployment: &Arc<DeploymentEntry>, name: String) -> Self {
        Self {
            deployment: Arc::clone(deployment),
            clock: Arc::clone(deployment.runtime.engines.clock()),
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
        deadline: Ticks,
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

    /// Starts an instance for an admitted call that found none idle, or waits for the next that is
    /// free, until the deadline of the call.
    ///
    /// Boxed, because the future that starts an instance is large and would be carried along by
    /// every call that needs none.
    pub(super) fn wait_for_lease<'a>(
        &'a self,
        active: &'a Arc<ActiveRevision>,
        lane: usize,
        deadline: Ticks,
    ) -> BoxFuture<'a, Result<InstanceLease<'a>>> {
        Box::pin(async move {
            let call = self.call(active, deadline, None);
            let leasing = pin!(active.lease(&self.deployment.runtime, lane, deadline));
            let leased = match run_until_deadline(&self.clock, deadline, leasing).await {
                Ok(leased) => leased.inspect_err(|error| call.report_failure(error)),
                Err(_) => Err(call.deadline_exceeded()),
            };
            if leased.is_err() {
                call.wait_for_audit_log().await;
            }
            leased
        })
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
        let deadline = begun.saturating_add(revision.call_ticks);
        let admission = pin!(self.deployment.admit_after_pause());
        run_until_deadline(&self.clock, deadline, admission)
            .await
            .unwrap_or_else(|_| Err(revision.deadline_error(&self.name)))
    }
}

impl CallLease<'_> {
    #[inline]
    pub(super) fn parts(&mut self) -> (&Arc<ActiveRevision>, &mut Instance) {
        match self {
            Self::Ready(lease) => lease.parts(),
            Self::Plain(lease) | Self::Shared(lease) => lease.parts(),
        }
    }

    #[inline]
    pub(super) fn give_back(self, deployment: &DeploymentEntry) {
        match self {
            Self::Ready(lease) => lease.give_back(),
            Self::Plain(lease) => lease.make_ready(deployment),
            Self::Shared(lease) => lease.give_back(),
        }
    }
}
