//! A revision while it serves: who is inside, and whether more may come.
//!
//! Begins open, may be paused and reopened, and is retired once; serving a
//! revision again after that makes a new one. Calls on different threads touch
//! different gates, so that they share no cache line on the way in and out. What
//! every call runs is `#[inline]`: the call path is generic, and compiled in the
//! embedder's crate.
//! Tests: `gate` (the admission word); the workspace's `tests/promises`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_utils::CachePadded;
use tokio::sync::Notify;

use super::gate::{Gate, all_drained};
use super::{Instances, lane};
use crate::budget::IdleInstances;
use crate::instance::Instance;
use crate::observe::{Announcer, Event};
use crate::revision::Revision;
use crate::runtime::Runtime;

pub(crate) struct Serving {
    pub(crate) revision: Arc<Revision>,
    pub(crate) instances: Instances,
    gates: Box<[CachePadded<Gate>]>,
    drained: Notify,
    /// It waits to be reopened, or was retired while it did.
    paused: AtomicBool,
    /// It will not serve again.
    retired: AtomicBool,
    /// It is retired, and the last call has left.
    ended: AtomicBool,
    announcer: Arc<Announcer>,
}

impl IdleInstances for Serving {
    fn drop_idle(&self) {
        self.instances.drop_idle_without_state();
    }
}

impl Serving {
    /// Serves `revision`, with `first` as its first instance if it keeps any; without one, the
    /// first call has it started.
    pub(crate) fn new(
        runtime: &Runtime,
        revision: Arc<Revision>,
        first: Option<Box<Instance>>,
    ) -> Self {
        Self {
            instances: Instances::new(runtime, Arc::clone(&revision), first),
            revision,
            gates: (0..runtime.lanes)
                .map(|_| CachePadded::new(Gate::new()))
                .collect(),
            drained: Notify::new(),
            paused: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            announcer: Arc::clone(&runtime.announcer),
        }
    }

    /// Lets a call in on this thread's lane, unless closed. Returns the lane.
    #[inline]
    pub(crate) fn enter(&self) -> Option<usize> {
        let lane = lane::of_this_thread(self.gates.len());
        self.gates[lane].enter().then_some(lane)
    }

    /// Lets in what belongs to a call that is inside. Returns the lane.
    pub(super) fn enter_inside(&self) -> usize {
        let lane = lane::of_this_thread(self.gates.len());
        self.gates[lane].enter_inside();
        lane
    }

    /// Lets a call out on the lane it came in on.
    #[inline]
    pub(crate) fn leave(&self, lane: usize) {
        if self.gates[lane].leave() {
            self.end_if_drained();
        }
    }

    /// Takes no calls until it is [reopened](Self::reopen): when those inside have
    /// left, its instances stand still.
    pub(crate) fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
        self.close();
    }

    fn close(&self) {
        for gate in &self.gates {
            gate.close();
        }
        self.end_if_drained();
    }

    /// Takes calls again, after a pause. Never after it was retired.
    pub(super) fn reopen(&self) {
        self.paused.store(false, Ordering::SeqCst);
        for gate in &self.gates {
            gate.reopen();
        }
    }

    /// Takes no more calls, for good. Instances stay until the last call that was
    /// admitted has left: one that waits for the state of an instance still gets
    /// it.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::SeqCst);
        self.close();
    }

    /// Whether it will not serve again: what comes back to it is of no use.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::SeqCst)
    }

    /// Whether it waits to be reopened.
    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst) && !self.is_retired()
    }

    /// Whether not even what is open in it may go on: what serves now was not to run beside it.
    pub(crate) fn is_over(&self) -> bool {
        self.paused.load(Ordering::SeqCst) && self.is_retired()
    }

    /// After the last call: wakes who waits for the end, and, if it was retired,
    /// drops the instances and says so, once.
    ///
    /// Whoever retires a drained serving, and whoever drains a retired one, comes
    /// here; between the two the fence of `all_drained` lets at least one see both.
    fn end_if_drained(&self) {
        if !self.is_drained() {
            return;
        }
        if self.retired.load(Ordering::SeqCst) && !self.ended.swap(true, Ordering::SeqCst) {
            self.instances.drop_idle();
            self.announcer.announce(Event::Drained {
                component: self.revision.name().clone(),
                revision: self.revision.number,
            });
        }
        self.drained.notify_waiters();
    }

    /// Waits until the last call has left a closed serving. Cancel safe.
    pub(crate) async fn drained(&self) {
        loop {
            let mut notified = std::pin::pin!(self.drained.notified());
            notified.as_mut().enable();
            if self.is_drained() {
                return;
            }
            notified.await;
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        all_drained(self.gates.iter().map(|gate| &**gate))
    }

    /// Calls inside now.
    pub(crate) fn calls_inside(&self) -> u64 {
        self.gates.iter().map(|gate| gate.inside()).sum()
    }

    /// Calls admitted so far.
    pub(crate) fn calls_admitted(&self) -> u64 {
        self.gates.iter().map(|gate| gate.admitted()).sum()
    }
}
