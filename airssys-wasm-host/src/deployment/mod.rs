//! A name in a host: the route to the revision that serves it, and its history.
//!
//! Admission has one linearisation point, the gate of the serving that the route
//! pointed to. Knows nothing of how a rollout prepares a revision.
//! Tests: the workspace's `tests/promises`.

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

/// What a name stands for.
pub(crate) struct Named {
    pub(crate) name: ComponentName,
    pub(crate) runtime: Arc<Runtime>,
    /// The pipeline that it is a stage of.
    pub(crate) pipeline: Option<ComponentName>,
    pub(crate) callers: Callers,
    /// Its calls that failed since it was deployed, or since the host was started.
    pub(crate) failures: Failures,
    /// Who keeps instances of it to themselves.
    pub(crate) keepers: Keepers,
    pub(crate) authorization: Authorization,
    pub(crate) history: Mutex<History>,
    /// One rollout at a time; held while it prepares and switches.
    pub(crate) rollout: Arc<tokio::sync::Mutex<()>>,
    /// One change at a time is written; held from looking at what there is until it is kept.
    pub(crate) keeping: Mutex<()>,
    route: ArcSwap<Serving>,
    moved: Notify,
    /// What served before and still has calls.
    draining: Mutex<Vec<Arc<Serving>>>,
    /// Why it takes no calls any more; held while the route moves, so that nothing
    /// brings a name back that has ended.
    ended: Mutex<Option<End>>,
}

/// What a switch makes of a name, besides where calls go.
pub(crate) struct After {
    pub(crate) history: History,
    pub(crate) action: Action,
    /// So many revocations are over.
    pub(crate) lifted: usize,
}

/// Why a name takes no calls any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was removed.
    Removed,
    /// The host was dropped.
    HostDropped,
}

/// A call that has been let in. Leaves when dropped.
pub(crate) struct Admission {
    serving: Guard<Arc<Serving>>,
    pub(crate) lane: usize,
}

impl Named {
    /// A name with its first revision, once the state directory has it, if there is one.
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
        // What is a stage is deployed when its pipeline is.
        let deployed = named.pipeline.is_none().then_some(deployed);
        named.commit(&history, None, deployed)?;
        Ok(Arc::new(named))
    }

    /// A name that is served, and what else is known of it.
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

    /// Lets a call in, to the revision that serves at this moment; none if the
    /// name is paused.
    #[inline]
    pub(crate) fn admit(&self) -> Result<Option<Admission>> {
        match self.try_admit() {
            Some(admission) => Ok(Some(admission)),
            None => self.admit_elsewhere(self.route.load()),
        }
    }

    /// Lets a call in, unless what serves is closed at this moment.
    #[inline]
    pub(crate) fn try_admit(&self) -> Option<Admission> {
        let serving = self.route.load();
        let lane = serving.enter()?;
        Some(Admission { serving, lane })
    }

    /// Lets a call in that found `closed` closed.
    #[cold]
    fn admit_elsewhere(&self, closed: Guard<Arc<Serving>>) -> Result<Option<Admission>> {
        let mut closed = closed;
        loop {
            self.check_not_ended()?;
            let serving = self.route.load();
            if let Some(lane) = serving.enter() {
                return Ok(Some(Admission { serving, lane }));
            }
            // Closed, and the route has not moved on: the name is paused.
            if Arc::ptr_eq(&closed, &serving) {
                return Ok(None);
            }
            closed = serving;
        }
    }

    /// Fails if the name takes no calls any more.
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

    /// Lets a call in as soon as the name is not paused.
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

    /// The serving that the route points to.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.route.load_full()
    }

    /// The revision that serves, for a new handle.
    pub(crate) fn revision_to_call(&self) -> Result<Arc<Revision>> {
        self.check_not_ended()?;
        Ok(self.revision())
    }

    /// The revision that serves.
    pub(crate) fn revision(&self) -> Arc<Revision> {
        Arc::clone(&self.route.load().revision)
    }

    /// Has the state directory keep what the name will be, if there is one, and points it at
    /// `next`; then retires what served before, which is returned to be drained. Handles that
    /// come when `held` is let go are checked against `next`.
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
        // Those who wait for what is open in it.
        self.moved.notify_waiters();
        Ok(old)
    }

    /// Takes a rule back from every revision. Returns the grants that are touched. What runs
    /// feels it before it is kept.
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

    /// Remembers an update that waits to be approved.
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

    /// Forgets a stage whose pipeline is not deployed after all, and ends it.
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

    /// Has the state directory keep what the name is after a change, if there is one, and if
    /// the name has not ended.
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

    /// Lets calls go on where they were paused, unless the name has moved on.
    pub(crate) fn resume(&self, paused: &Arc<Serving>) {
        let ended = self.ended.lock();
        if ended.is_none() && Arc::ptr_eq(paused, &self.route.load()) {
            paused.reopen();
            self.moved.notify_waiters();
        }
    }

    /// Waits until the last call has left what is closed: what serves now, and what
    /// served before. Cancel safe.
    pub(crate) async fn drained(&self) {
        let mut servings = self.draining.lock().clone();
        servings.push(self.serving());
        for serving in servings {
            serving.drained().await;
        }
    }

    /// Has every revision let go of the deployments that it is linked to.
    pub(crate) fn cut_links(&self) {
        self.history.lock().kept().iter().for_each(Kept::cut_links);
    }

    /// Takes no more calls, for good.
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
    /// A call that `serving` has let in.
    pub(crate) fn of(serving: Arc<Serving>, lane: usize) -> Self {
        Self {
            serving: Guard::from_inner(serving),
            lane,
        }
    }

    /// Another for a call that is inside `serving`: it does not drain before both have left.
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
