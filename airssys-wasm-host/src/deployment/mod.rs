//! A deployment within a host: the route to its active revision, and its history.
//!
//! Admission has one linearisation point: the gate of the revision that the route pointed to. Knows
//! nothing of how a rollout prepares a revision.
//! Tests: `tests/suite/promises`.

mod callers;
mod failures;
mod gate;
mod handle;
mod history;
mod instances;
mod keeper;
mod kept;
mod lane;
mod line;
mod serving;
mod status;

use std::sync::Arc;

use airssys_wasm_core::{ComponentName, Rule};
use arc_swap::{ArcSwap, Guard};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

pub(crate) use callers::{Caller, Callers, Held};
pub(crate) use failures::Failures;
pub use handle::Deployment;
pub(crate) use history::History;
pub(crate) use instances::{Instances, Lease};
pub(crate) use keeper::{Keeper, Keepers};
pub(crate) use kept::Kept;
pub(crate) use lane::count as lanes;
pub(crate) use serving::Serving;
pub use status::{RevisionStatus, Status, Summary};

use crate::budget::IdleInstances;
use crate::capability::Authorization;
use crate::instance::Instance;
use crate::observe::Event;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::state::{Action, Change, ComponentRecord, NameRecord, Serves, Transaction};
use crate::{Component, Error, Result};

/// A deployment: everything that a host holds for one name.
pub(crate) struct Named {
    pub(crate) name: ComponentName,
    pub(crate) runtime: Arc<Runtime>,
    /// The pipeline that it is a stage of, if any.
    pub(crate) pipeline: Option<ComponentName>,
    pub(crate) callers: Callers,
    /// Failed calls since it was deployed or the host was started.
    pub(crate) failures: Failures,
    /// The holders of its instances between calls.
    pub(crate) keepers: Keepers,
    pub(crate) authorization: Authorization,
    pub(crate) history: Mutex<History>,
    /// Held while a rollout prepares and switches, so that one runs at a time.
    pub(crate) rollout: Arc<tokio::sync::Mutex<()>>,
    /// Held from reading the current state until a change is stored, so that one change is written
    /// at a time.
    pub(crate) keeping: Mutex<()>,
    route: ArcSwap<Serving>,
    moved: Notify,
    /// Revisions that no longer serve but still have calls.
    draining: Mutex<Vec<Arc<Serving>>>,
    /// The reason it accepts no more calls, if it has ended. Locked while the route moves, so that
    /// nothing revives a deployment that has ended.
    ended: Mutex<Option<End>>,
}

/// The changes that a switch makes to a deployment, besides moving its route.
pub(crate) struct After {
    pub(crate) history: History,
    pub(crate) action: Action,
    /// The number of revocations, oldest first, that no longer apply.
    pub(crate) lifted: usize,
}

/// The reason a deployment accepts no more calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The deployment was removed.
    Removed,
    /// The host was dropped.
    HostDropped,
}

/// An admitted call. Leaves the revision when dropped.
pub(crate) struct Admission {
    serving: Guard<Arc<Serving>>,
    pub(crate) lane: usize,
}

impl Named {
    /// Creates a deployment with its first revision, after storing it in the state directory, if
    /// there is one.
    pub(crate) fn new(
        runtime: Arc<Runtime>,
        first: Arc<Revision>,
        instance: Box<Instance>,
        pipeline: Option<ComponentName>,
    ) -> Result<Arc<Self>> {
        let history = History::new(Arc::clone(&first), runtime.revisions_kept);
        let deployed = Action::Deployed(Serves::of(&first));
        let serving = Serving::new(&runtime, first, Some(instance));
        let named = Self::of(
            runtime,
            serving,
            history.clone(),
            Authorization::default(),
            pipeline,
        );
        // A stage is recorded as deployed when its pipeline is.
        let deployed = named.pipeline.is_none().then_some(deployed);
        named.commit(&history, None, deployed)?;
        Ok(Arc::new(named))
    }

    /// Creates a deployment from an active revision, its history and its authorization.
    pub(crate) fn of(
        runtime: Arc<Runtime>,
        serving: Serving,
        history: History,
        authorization: Authorization,
        pipeline: Option<ComponentName>,
    ) -> Self {
        let serving = Arc::new(serving);
        let revision = Arc::clone(&serving.revision);
        register_idle(&serving);
        authorization.add(&revision.authority, &revision.rooms, 0);
        Self {
            name: revision.name().clone(),
            authorization,
            pipeline,
            callers: Callers::default(),
            failures: Failures::default(),
            keepers: Keepers::default(),
            history: Mutex::new(history),
            rollout: Arc::default(),
            keeping: Mutex::default(),
            route: ArcSwap::new(serving),
            moved: Notify::new(),
            draining: Mutex::default(),
            ended: Mutex::new(None),
            runtime,
        }
    }

    /// Admits a call to the revision that is active at this moment. Returns `None` if the
    /// deployment is paused.
    #[inline]
    pub(crate) fn admit(&self) -> Result<Option<Admission>> {
        match self.try_admit() {
            Some(admission) => Ok(Some(admission)),
            None => self.admit_elsewhere(self.route.load()),
        }
    }

    /// Admits a call. Returns `None` if the active revision is closed at this moment.
    #[inline]
    pub(crate) fn try_admit(&self) -> Option<Admission> {
        let serving = self.route.load();
        let lane = serving.enter()?;
        Some(Admission { serving, lane })
    }

    /// Admits a call that found `closed` closed.
    #[cold]
    fn admit_elsewhere(&self, closed: Guard<Arc<Serving>>) -> Result<Option<Admission>> {
        let mut closed = closed;
        loop {
            self.check_not_ended()?;
            let serving = self.route.load();
            if let Some(lane) = serving.enter() {
                return Ok(Some(Admission { serving, lane }));
            }
            // Closed, and the route has not moved on: the deployment is paused.
            if Arc::ptr_eq(&closed, &serving) {
                return Ok(None);
            }
            closed = serving;
        }
    }

    /// Fails if the deployment accepts no more calls.
    pub(crate) fn check_not_ended(&self) -> Result<()> {
        self.not_ended(*self.ended.lock())
    }

    fn not_ended(&self, ended: Option<End>) -> Result<()> {
        match ended {
            None => Ok(()),
            Some(End::Removed) => Err(Error::not_deployed(&self.name)),
            Some(End::HostDropped) => Err(Error::host_dropped(&self.name)),
        }
    }

    /// Admits a call as soon as the deployment is not paused.
    pub(crate) async fn admit_after_pause(&self) -> Result<Admission> {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            if let Some(admission) = self.admit()? {
                return Ok(admission);
            }
            moved.await;
        }
    }

    /// Waits until `serving` is not paused.
    pub(crate) async fn unpaused(&self, serving: &Serving) {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            if !serving.is_paused() {
                return;
            }
            moved.await;
        }
    }

    /// Returns the revision that the route points to, with its gates and instances.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.route.load_full()
    }

    /// Returns the active revision for a new handle. Fails if the deployment has ended.
    pub(crate) fn revision_to_call(&self) -> Result<Arc<Revision>> {
        self.check_not_ended()?;
        Ok(self.revision())
    }

    /// Returns the active revision.
    pub(crate) fn revision(&self) -> Arc<Revision> {
        Arc::clone(&self.route.load().revision)
    }

    /// Stores the new state of the deployment in the state directory, if there is one, and points
    /// the route at `next`. Then retires the previous revision, which is returned to be drained.
    /// Handles that are registered once `held` is released are checked against `next`.
    pub(crate) fn switch(
        &self,
        next: Serving,
        held: Held<'_>,
        _keeping: &MutexGuard<'_, ()>,
        After {
            history,
            action,
            lifted,
        }: After,
    ) -> Result<Arc<Serving>> {
        let to = next.revision.number;
        let old = {
            let ended = self.ended.lock();
            self.not_ended(*ended)?;
            let waiting = match action {
                Action::Updated(_) => None,
                _ => self.authorization.pending(),
            };
            self.commit(&history, waiting.as_ref(), Some(action))?;
            self.authorization.settle(lifted, waiting);
            *self.history.lock() = history;
            self.remember_draining(self.serving());
            let next = Arc::new(next);
            register_idle(&next);
            self.route.swap(next)
        };
        drop(held);
        self.moved.notify_waiters();
        self.runtime.announcer.announce(Event::Switched {
            component: self.name.clone(),
            from: old.revision.number,
            to,
        });
        old.retire();
        if old.is_over() {
            self.keepers.let_go_of(|serving| serving.is_retired());
        }
        // Wakes calls that wait for resources open in the old revision.
        self.moved.notify_waiters();
        Ok(old)
    }

    /// Revokes a rule in every revision. Returns the grants that are affected. Takes effect in
    /// running revisions before it is stored.
    pub(crate) fn revoke(&self, rule: &Rule) -> Result<Vec<Rule>> {
        let touched = self.authorization.revoke(&self.revision().authority, rule);
        self.serving().instances.drop_idle_without_state();
        self.keepers.let_go_of(|_| true);
        let _keeping = self.keeping.lock();
        self.check_not_ended()?;
        let history = {
            let mut history = self.history.lock();
            history.revoke(rule)?;
            history.clone()
        };
        self.commit(
            &history,
            self.authorization.pending().as_ref(),
            Some(Action::Revoked { rule: rule.clone() }),
        )?;
        Ok(touched)
    }

    /// Stores an update that waits for approval.
    pub(crate) fn wait_for_approval(&self, waiting: Component) -> Result<()> {
        let _keeping = self.keeping.lock();
        self.check_not_ended()?;
        let waits = Action::Waits {
            digest: waiting.digest(),
        };
        let history = self.history.lock().clone();
        self.commit(&history, Some(&waiting), Some(waits))?;
        self.authorization.wait(waiting);
        Ok(())
    }

    /// Ends a stage whose pipeline was not deployed after all, and deletes its record.
    pub(crate) fn forget_begun(&self) -> Result<()> {
        self.end(End::Removed);
        let Some(state) = self.runtime.state() else {
            return Ok(());
        };
        state.commit(&Transaction {
            names: &[(&self.name, None)],
            ..Transaction::default()
        })
    }

    /// Stores the state of the deployment after a change, if there is a state directory.
    fn commit(
        &self,
        history: &History,
        waiting: Option<&Component>,
        action: Option<Action>,
    ) -> Result<()> {
        let Some(state) = self.runtime.state() else {
            return Ok(());
        };
        let record = NameRecord {
            waiting: waiting.map(ComponentRecord::of),
            pipeline: self.pipeline.clone(),
            ..history.record()
        };
        let changes: Vec<Change> = action
            .map(|action| Change::now(&self.name, action))
            .into_iter()
            .collect();
        state.commit(&Transaction {
            names: &[(&self.name, Some(&record))],
            changes: &changes,
            ..Transaction::default()
        })
    }

    fn remember_draining(&self, serving: Arc<Serving>) {
        let mut draining = self.draining.lock();
        draining.retain(|serving| !serving.is_drained());
        draining.push(serving);
    }

    /// Resumes the calls that wait for `paused`, unless the deployment has moved on or ended.
    pub(crate) fn resume(&self, paused: &Arc<Serving>) {
        let ended = self.ended.lock();
        if ended.is_none() && Arc::ptr_eq(paused, &self.route.load()) {
            paused.reopen();
            self.moved.notify_waiters();
        }
    }

    /// Waits until the last call has left the revisions that are closed: the active one and those
    /// before it. Cancel safe.
    pub(crate) async fn drained(&self) {
        let mut servings = self.draining.lock().clone();
        servings.push(self.serving());
        for serving in servings {
            serving.drained().await;
        }
    }

    /// Releases the deployments that any of its revisions is linked to.
    pub(crate) fn cut_links(&self) {
        self.history.lock().kept().iter().for_each(Kept::cut_links);
    }

    /// Ends the deployment: it permanently accepts no more calls.
    pub(crate) fn end(&self, end: End) {
        let serving = {
            let mut ended = self.ended.lock();
            ended.get_or_insert(end);
            self.serving()
        };
        if end == End::Removed {
            self.runtime.announcer.announce(Event::Removed {
                component: self.name.clone(),
            });
        }
        serving.retire();
        self.moved.notify_waiters();
    }
}

/// Lets the host drop the idle instances of `serving` when memory is short.
fn register_idle(serving: &Arc<Serving>) {
    let instances: Arc<dyn IdleInstances> = Arc::<Serving>::clone(serving);
    serving
        .revision
        .share
        .register_idle(Arc::downgrade(&instances));
}

impl Admission {
    /// Creates the admission of a call that `serving` has let in.
    pub(crate) fn of(serving: Arc<Serving>, lane: usize) -> Self {
        Self {
            serving: Guard::from_inner(serving),
            lane,
        }
    }

    /// Admits more work of a call that is inside `serving`, which does not drain before both have
    /// left.
    pub(crate) fn again(serving: Arc<Serving>) -> Self {
        let lane = serving.enter_inside();
        Self::of(serving, lane)
    }

    #[inline]
    pub(crate) fn serving(&self) -> &Arc<Serving> {
        &self.serving
    }
}

impl Drop for Admission {
    #[inline]
    fn drop(&mut self) {
        self.serving.leave(self.lane);
    }
}
