//! A name in a host: the route to the revision that serves it, and its history.
//!
//! Admission has one linearisation point, the gate of the serving that the route
//! pointed to. Knows nothing of how a rollout prepares a revision.
//! Tests: the workspace's `tests/promises`.

mod callers;
mod gate;
mod handle;
mod history;
mod lane;
mod revision;
mod serving;
mod status;

use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, OnceLock};

use airssys_wasm_core::ComponentName;
use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use tokio::sync::Notify;

pub(crate) use callers::{Caller, Callers};
pub use handle::Deployment;
pub(crate) use history::History;
pub(crate) use revision::{Draft, Revision};
pub(crate) use serving::Serving;
pub use status::{RevisionStatus, Status};

use crate::instance::Instance;
use crate::observe::Event;
use crate::runtime::Runtime;
use crate::{Error, Result};

/// What a name stands for.
pub(crate) struct Named {
    pub(crate) name: ComponentName,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) callers: Callers,
    pub(crate) history: Mutex<History>,
    /// One rollout at a time; held while it prepares and switches.
    pub(crate) rollout: tokio::sync::Mutex<()>,
    route: ArcSwap<Serving>,
    moved: Notify,
    ended: OnceLock<End>,
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
    pub(crate) fn new(runtime: Arc<Runtime>, first: Arc<Revision>, instance: Box<Instance>) -> Self {
        Self {
            name: first.name().clone(),
            callers: Callers::default(),
            history: Mutex::new(History::new(Arc::clone(&first), runtime.revisions_kept)),
            rollout: tokio::sync::Mutex::default(),
            route: ArcSwap::from_pointee(Serving::new(first, Some(instance))),
            moved: Notify::new(),
            ended: OnceLock::new(),
            runtime,
        }
    }

    /// Lets a call in, to the revision that serves at this moment.
    pub(crate) fn admit(&self) -> Result<Option<Admission>> {
        loop {
            let serving = self.route.load();
            if let Some(lane) = serving.enter() {
                return Ok(Some(Admission { serving, lane }));
            }
            self.check_not_ended()?;
            // Closed, and the route has not moved on: the name is paused.
            if Arc::ptr_eq(&serving, &self.route.load()) {
                return Ok(None);
            }
        }
    }

    /// Fails if the name takes no calls any more.
    pub(crate) fn check_not_ended(&self) -> Result<()> {
        match self.ended.get() {
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

    /// The serving that the route points to.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.route.load_full()
    }

    /// Points the name at `next`, then closes what served before, which is
    /// returned to be drained.
    pub(crate) fn switch(&self, next: Serving) -> Arc<Serving> {
        let old = self.route.swap(Arc::new(next));
        old.close();
        self.stay_ended();
        self.moved.notify_waiters();
        old
    }

    /// Takes no more calls, for good.
    pub(crate) fn end(&self, end: End) -> Arc<Serving> {
        // Said before the gates close: who finds one closed learns why.
        let _ = self.ended.set(end);
        self.stay_ended();
        self.moved.notify_waiters();
        self.serving()
    }

    /// A rollout that was under way when the name ended brings nothing back: one
    /// of the two sees what the other did, and closes what serves now.
    fn stay_ended(&self) {
        fence(Ordering::SeqCst);
        if self.ended.get().is_some() {
            self.serving().close();
        }
    }

    /// Announces when the last call has left `old`.
    pub(crate) fn announce_drained(&self, old: &Serving) {
        self.runtime
            .announcer
            .announce(Event::Drained { component: self.name.clone(), revision: old.revision.number });
    }
}

impl Admission {
    pub(crate) fn serving(&self) -> &Serving {
        &self.serving
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.serving.leave(self.lane);
    }
}
