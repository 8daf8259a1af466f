//! A deployment within a host: the route to its active revision, and its history.
//!
//! A call is admitted by the gate of the revision that the route pointed to, or with the instance
//! that is ready on its lane, whose revision has entered the gate for it. Knows nothing of how a
//! rollout prepares a revision.
//! Tests: `tests/suite/promises`.

mod active;
mod admission;
mod change;
mod failures;
mod gate;
mod handle_registry;
mod history;
mod instance_holder;
mod instance_lease;
mod instances;
mod lane;
mod ready_calls;
mod ready_instance;
mod ready_lease;
mod ready_slots;
mod records;
mod retained;
mod status;
mod wait_queue;

use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Rule};
use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use semver::Version;
use tokio::sync::{Notify, OwnedMutexGuard};

pub(crate) use active::ActiveRevision;
pub(crate) use admission::Admission;
pub(crate) use change::DeploymentChange;
pub(crate) use failures::FailureCounts;
pub(crate) use handle_registry::{HandleRegistry, HandlesInSwitch, RegisteredHandle};
pub(crate) use history::History;
pub(crate) use instance_holder::{InstanceHolder, InstanceHolders};
pub(crate) use instance_lease::InstanceLease;
pub(crate) use instances::Instances;
pub(crate) use lane::lane_count;
use ready_instance::ReadyInstances;
pub(crate) use ready_lease::ReadyLease;
pub(crate) use retained::RetainedRevision;
pub use status::{RevisionStatus, Status, Summary};

use crate::budget::IdleInstances;
use crate::capability::Authorization;
use crate::instance::Instance;
use crate::observe::Event;
use crate::revision::Revision;
use crate::services::HostServices;
use crate::state::{Action, RevisionSummary, Transaction};
use crate::{Component, Error, Result};

/// A deployment: everything that a host holds for one name.
pub(crate) struct DeploymentEntry {
    pub(crate) name: ComponentName,
    pub(crate) services: Arc<HostServices>,
    /// The pipeline that it is a stage of, if any.
    pub(crate) pipeline: Option<ComponentName>,
    pub(crate) handles: HandleRegistry,
    /// Failed calls since it was deployed or the host was started.
    pub(crate) failures: FailureCounts,
    /// The holders of its instances between calls.
    pub(crate) instance_holders: InstanceHolders,
    pub(crate) authorization: Authorization,
    history: Mutex<History>,
    /// Held while a rollout prepares and switches, so that one runs at a time.
    rollout_lock: Arc<tokio::sync::Mutex<()>>,
    /// Held from reading the current state until a change is stored, so that one change is written
    /// at a time.
    commit_lock: Mutex<()>,
    route: ArcSwap<ActiveRevision>,
    /// The instances that calls take without asking the route. Open for the revision that the
    /// route points to, unless that is paused or the deployment has ended.
    ready: Arc<ReadyInstances>,
    route_changed: Notify,
    /// Revisions that no longer serve but still have calls.
    draining: Mutex<Vec<Arc<ActiveRevision>>>,
    /// The reason it accepts no more calls, if it has ended. Locked while the route moves, so that
    /// nothing revives a deployment that has ended, but never while something is stored: calls
    /// look here.
    ended: Mutex<Option<DeploymentEnd>>,
}

/// The reason a deployment accepts no more calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeploymentEnd {
    /// The deployment was removed.
    Removed,
    /// The host was dropped.
    HostDropped,
}

impl DeploymentEntry {
    /// Creates a deployment with its first revision, after storing it in the state directory, if
    /// there is one.
    pub(crate) fn new(
        services: Arc<HostServices>,
        first: Arc<Revision>,
        instance: Box<Instance>,
        pipeline: Option<ComponentName>,
    ) -> Result<Arc<Self>> {
        let history = History::new(Arc::clone(&first), services.revisions_kept);
        let deployed = Action::Deployed(RevisionSummary::from_revision(&first));
        let active = ActiveRevision::new(&services, first, Some(instance));
        let deployment = Self::from_parts(
            services,
            active,
            history,
            Authorization::default(),
            pipeline,
        );
        // A stage is recorded as deployed when its pipeline is.
        let deployed = deployment.pipeline.is_none().then_some(deployed);
        deployment.begin_change().store(deployed)?;
        Ok(Arc::new(deployment))
    }

    /// Creates a deployment from an active revision, its history and its authorization.
    pub(crate) fn from_parts(
        services: Arc<HostServices>,
        active: Arc<ActiveRevision>,
        history: History,
        authorization: Authorization,
        pipeline: Option<ComponentName>,
    ) -> Self {
        let revision = Arc::clone(&active.revision);
        register_idle(&active);
        authorization.add_revision(&revision.authority, &revision.open_capabilities, 0);
        let ready = Arc::new(ReadyInstances::new(services.lanes));
        active.instances.open_ready(&ready);
        Self {
            name: revision.name().clone(),
            authorization,
            pipeline,
            handles: HandleRegistry::default(),
            failures: FailureCounts::default(),
            instance_holders: InstanceHolders::default(),
            history: Mutex::new(history),
            rollout_lock: Arc::default(),
            commit_lock: Mutex::default(),
            route: ArcSwap::new(active),
            ready,
            route_changed: Notify::new(),
            draining: Mutex::default(),
            ended: Mutex::new(None),
            services,
        }
    }

    /// Admits a call to the active revision and leases the instance that is ready on this thread's
    /// lane, if there is one.
    #[inline]
    pub(crate) fn lease_ready(&self) -> Option<ReadyLease<'_>> {
        ReadyLease::take(self)
    }

    /// Admits a call to the revision that is active at this moment. Returns `None` if the
    /// deployment is paused.
    #[inline]
    pub(crate) fn admit(&self) -> Result<Option<Admission>> {
        match self.try_admit() {
            Some(admission) => Ok(Some(admission)),
            None => self.retry_admit(),
        }
    }

    /// Admits a call. Returns `None` if the active revision is closed at this moment.
    #[inline]
    pub(crate) fn try_admit(&self) -> Option<Admission> {
        let active = self.route.load();
        let lane = active.enter()?;
        Some(Admission::from_route(active, lane))
    }

    /// Admits a call that found the active revision closed.
    #[cold]
    fn retry_admit(&self) -> Result<Option<Admission>> {
        let mut closed: Option<Guard<Arc<ActiveRevision>>> = None;
        loop {
            self.check_not_ended()?;
            let active = self.route.load();
            if let Some(lane) = active.enter() {
                return Ok(Some(Admission::from_route(active, lane)));
            }
            // Closed, and the route has not moved on: the deployment is paused.
            if closed.is_some_and(|closed| Arc::ptr_eq(&closed, &active)) {
                return Ok(None);
            }
            closed = Some(active);
        }
    }

    /// Fails if the deployment accepts no more calls.
    pub(crate) fn check_not_ended(&self) -> Result<()> {
        self.check_end(*self.ended.lock())
    }

    fn check_end(&self, ended: Option<DeploymentEnd>) -> Result<()> {
        match ended {
            None => Ok(()),
            Some(DeploymentEnd::Removed) => Err(Error::not_deployed(&self.name)),
            Some(DeploymentEnd::HostDropped) => Err(Error::host_dropped(&self.name)),
        }
    }

    /// Admits a call as soon as the deployment is not paused.
    pub(crate) async fn admit_after_pause(&self) -> Result<Admission> {
        loop {
            let mut moved = std::pin::pin!(self.route_changed.notified());
            moved.as_mut().enable();
            if let Some(admission) = self.admit()? {
                return Ok(admission);
            }
            moved.await;
        }
    }

    /// Waits until `active` is not paused.
    pub(crate) async fn wait_until_unpaused(&self, active: &ActiveRevision) {
        loop {
            let mut moved = std::pin::pin!(self.route_changed.notified());
            moved.as_mut().enable();
            if !active.is_paused() {
                return;
            }
            moved.await;
        }
    }

    /// Returns the revision that the route points to, with its gates and instances.
    pub(crate) fn active_revision(&self) -> Arc<ActiveRevision> {
        self.route.load_full()
    }

    /// Returns the active revision for a new handle. Fails if the deployment has ended.
    pub(crate) fn callable_revision(&self) -> Result<Arc<Revision>> {
        self.check_not_ended()?;
        Ok(self.revision())
    }

    /// Returns the active revision.
    pub(crate) fn revision(&self) -> Arc<Revision> {
        Arc::clone(&self.route.load().revision)
    }

    /// Begins a change. Waits while another one is in progress.
    pub(crate) fn begin_change(&self) -> DeploymentChange<'_> {
        DeploymentChange::begin(self)
    }

    /// Points the route at `next` once `store` has stored the change. Nothing is locked while it is
    /// stored. If the deployment ends meanwhile, the switch completes, and `next` serves no call.
    fn replace_route(
        &self,
        next: Arc<ActiveRevision>,
        store: impl FnOnce() -> Result<()>,
    ) -> Result<Arc<ActiveRevision>> {
        self.check_not_ended()?;
        store()?;
        // Held while the route changes, so that nothing revives a deployment that has ended.
        let ended = self.ended.lock();
        let old = self.active_revision();
        self.add_draining(Arc::clone(&old));
        register_idle(&next);
        // Closed first, so that no call is served by the old revision after another one was served
        // by the new one.
        old.instances.close_ready();
        self.route.store(Arc::clone(&next));
        if ended.is_none() {
            next.instances.open_ready(&self.ready);
            return Ok(old);
        }
        drop(ended);
        next.retire();
        Ok(old)
    }

    /// Wakes and announces after a switch, and retires the previous revision.
    fn announce_switch(&self, old: &ActiveRevision) {
        self.route_changed.notify_waiters();
        self.services.announcer.announce(Event::Switched {
            deployment: self.name.clone(),
            from: old.revision.number,
            to: self.revision().number,
        });
        old.retire();
        if old.is_closed_to_sessions() {
            self.instance_holders
                .release_where(|active| active.is_retired());
        }
        // Wakes calls that wait for resources open in the old revision.
        self.route_changed.notify_waiters();
    }

    /// Revokes a rule in every revision. Returns the grants that are affected. Takes effect in
    /// running revisions before the first wait, and completes on a blocking thread.
    pub(crate) async fn revoke(self: &Arc<Self>, rule: Rule) -> Result<Vec<Rule>> {
        let affected = self.authorization.revoke(&self.revision().authority, &rule);
        let entry = Arc::clone(self);
        let complete = move || entry.complete_revocation(rule);
        self.services.blocking.run_to_completion(complete).await?;
        Ok(affected)
    }

    /// Drops the instances that no call uses, revokes a rule in the revisions that are not loaded,
    /// and stores that.
    fn complete_revocation(&self, rule: Rule) -> Result<()> {
        // Revisions that drain have instances too; a retained one that is neither has none.
        let mut with_instances = self.draining.lock().clone();
        with_instances.push(self.active_revision());
        for active in with_instances {
            active.drop_idle_without_state();
        }
        self.instance_holders.release_where(|_| true);
        let mut change = self.begin_change();
        change.revoke(&rule)?;
        change.commit(Action::Revoked { rule: rule.clone() })?;
        self.services.announcer.announce(Event::Revoked {
            deployment: self.name.clone(),
            rule,
        });
        Ok(())
    }

    /// Stores an update that waits for approval.
    pub(crate) fn store_pending_update(&self, pending: Component) -> Result<()> {
        let digest = pending.digest();
        let mut change = self.begin_change();
        change.set_pending(Some(pending));
        change.commit(Action::AwaitsApproval { digest })
    }

    /// Returns the number of the next revision, which is not used again.
    pub(crate) fn next_revision_number(&self) -> u64 {
        self.history.lock().next_number()
    }

    /// Returns the retained revisions, in order of their numbers.
    pub(crate) fn retained_revisions(&self) -> Vec<RetainedRevision> {
        self.history.lock().retained()
    }

    /// Returns the revision that a rollback makes active.
    pub(crate) fn rollback_target(&self, version: Option<&Version>) -> Result<RetainedRevision> {
        self.history.lock().rollback_target(version)
    }

    /// Waits until no other rollout of the deployment is in progress, and locks out others.
    pub(crate) async fn lock_rollout(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.rollout_lock).lock_owned().await
    }

    /// Ends a stage whose pipeline was not deployed after all, and deletes its record.
    pub(crate) fn abandon_stage(&self) -> Result<()> {
        // No other change stores its record again.
        let _change = self.begin_change();
        self.end(DeploymentEnd::Removed);
        let Some(state) = self.services.state() else {
            return Ok(());
        };
        state.commit(&Transaction::new().without_deployment(&self.name))
    }

    fn add_draining(&self, active: Arc<ActiveRevision>) {
        let mut draining = self.draining.lock();
        draining.retain(|active| !active.is_drained());
        draining.push(active);
    }

    /// Resumes the calls that wait for `paused`, unless the deployment has moved on or ended.
    pub(crate) fn resume(&self, paused: &Arc<ActiveRevision>) {
        let ended = self.ended.lock();
        if ended.is_none() && Arc::ptr_eq(paused, &self.route.load()) {
            paused.reopen(&self.ready);
            self.route_changed.notify_waiters();
        }
    }

    /// Waits until the last call has left the revisions that are closed: the active one and those
    /// before it. Cancel safe.
    pub(crate) async fn drained(&self) {
        for active in self.undrained_revisions() {
            active.drained().await;
        }
    }

    /// Returns the active revision, and those before it that still have calls.
    pub(crate) fn undrained_revisions(&self) -> Vec<Arc<ActiveRevision>> {
        let mut undrained = self.draining.lock().clone();
        undrained.retain(|active| !active.is_drained());
        undrained.push(self.active_revision());
        undrained
    }

    /// Checks that every deployment that one of its revisions is linked to still exists.
    pub(crate) fn check_links(&self) -> Result<()> {
        let retained = self.history.lock().retained();
        retained.iter().try_for_each(RetainedRevision::check_links)
    }

    /// Releases the deployments that any of its revisions is linked to.
    pub(crate) fn release_links(&self) {
        self.history
            .lock()
            .retained()
            .iter()
            .for_each(RetainedRevision::release_links);
    }

    /// Ends the deployment: it permanently accepts no more calls.
    pub(crate) fn end(&self, end: DeploymentEnd) {
        let active = {
            let mut ended = self.ended.lock();
            ended.get_or_insert(end);
            self.active_revision()
        };
        if end == DeploymentEnd::Removed {
            self.services.announcer.announce(Event::Removed {
                deployment: self.name.clone(),
            });
        }
        active.retire();
        self.route_changed.notify_waiters();
    }
}

/// Lets the host drop the idle instances of `active` when memory is short.
fn register_idle(active: &Arc<ActiveRevision>) {
    let instances: Arc<dyn IdleInstances> = Arc::<ActiveRevision>::clone(active);
    active
        .revision
        .share
        .register_idle(Arc::downgrade(&instances));
}
