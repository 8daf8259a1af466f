//! A revision while it serves: who is inside, and which instances there are.
//!
//! Begins open and is closed once; serving a revision again makes a new one. Calls
//! on different threads touch different lanes, so that they share no cache line
//! on the way in and out.
//! Tests: `gate` (the admission word); the workspace's `tests/promises` and
//! `tests/instancing`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airssys_wasm_core::Instancing;
use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;
use tokio::sync::Notify;

use super::gate::{Gate, all_drained};
use super::{Revision, lane};
use crate::Result;
use crate::engine::Ticks;
use crate::instance::Instance;
use crate::runtime::Runtime;

/// Idle instances that one lane keeps at most.
const IDLE_PER_LANE_MAX: usize = 64;

pub(crate) struct Serving {
    pub(crate) revision: Arc<Revision>,
    lanes: Box<[CachePadded<Lane>]>,
    drained: Notify,
    /// The most instances at once.
    instances_max: usize,
    instances: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

struct Lane {
    gate: Gate,
    idle: ArrayQueue<Box<Instance>>,
}

impl Serving {
    /// Serves `revision`, with `first` as its first instance if it keeps any.
    pub(crate) fn new(revision: Arc<Revision>, first: Option<Box<Instance>>) -> Self {
        let instances_max = match revision.instancing {
            Instancing::Stateful => 1,
            Instancing::Pooled { max } => (max.get() as usize).min(revision.limits.concurrent_calls_max),
            _ => revision.limits.concurrent_calls_max,
        };
        let idle_max = if keeps(&revision) { instances_max.min(IDLE_PER_LANE_MAX) } else { 1 };
        let lanes = (0..lane::count())
            .map(|_| CachePadded::new(Lane { gate: Gate::new(), idle: ArrayQueue::new(idle_max) }))
            .collect();
        let serving = Self {
            revision,
            lanes,
            drained: Notify::new(),
            instances_max,
            instances: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        };
        if let Some(first) = first.filter(|_| keeps(&serving.revision)) {
            serving.instances.store(1, Ordering::Relaxed);
            // The queue is new and has room for one.
            let _ = serving.lanes[0].idle.push(first);
        }
        serving
    }

    /// Lets a call in on this thread's lane, unless closed. Returns the lane.
    pub(crate) fn enter(&self) -> Option<usize> {
        let lane = lane::of_this_thread(self.lanes.len());
        self.lanes[lane].gate.enter().then_some(lane)
    }

    /// Lets a call out on the lane it came in on.
    pub(crate) fn leave(&self, lane: usize) {
        if self.lanes[lane].gate.leave() {
            self.end_if_drained();
        }
    }

    /// Takes no more calls. Instances stay until the last call that was admitted
    /// has left: one that waits for the state of an instance still gets it.
    pub(crate) fn close(&self) {
        for lane in &self.lanes {
            lane.gate.close();
        }
        self.end_if_drained();
    }

    /// After the last call: drops the instances, and wakes who waits for the end.
    fn end_if_drained(&self) {
        if self.is_drained() {
            self.drop_idle();
            self.drained.notify_waiters();
        }
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

    fn is_drained(&self) -> bool {
        all_drained(self.lanes.iter().map(|lane| &lane.gate))
    }

    /// Calls inside now.
    pub(crate) fn calls_inside(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.gate.inside()).sum()
    }

    /// Calls admitted so far.
    pub(crate) fn calls_admitted(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.gate.admitted()).sum()
    }

    /// Instances that exist now.
    pub(crate) fn instances(&self) -> usize {
        self.instances.load(Ordering::Relaxed)
    }

    /// An idle instance for a call on `lane`, unless others wait for one.
    pub(crate) fn lease_idle(&self, lane: usize) -> Option<Lease<'_>> {
        let nobody_waits = self.waiting.load(Ordering::SeqCst) == 0;
        let instance = nobody_waits.then(|| self.idle(lane))??;
        Some(Lease { serving: self, lane, instance: Some(instance) })
    }

    /// An instance for a call on `lane` that found none idle: a new one if there
    /// may be more, or the next that is given back.
    pub(crate) async fn lease(&self, runtime: &Runtime, lane: usize, deadline: Ticks) -> Result<Lease<'_>> {
        if self.waiting.load(Ordering::SeqCst) == 0 && self.reserve() {
            return self.start(runtime, lane, deadline).await;
        }
        self.wait_for_lease(runtime, lane, deadline).await
    }

    async fn wait_for_lease(&self, runtime: &Runtime, lane: usize, deadline: Ticks) -> Result<Lease<'_>> {
        let turn = Turn::take(&self.waiting);
        let mut first_in_line = turn.first;
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            freed.as_mut().enable();
            if first_in_line {
                if let Some(instance) = self.idle(lane) {
                    return Ok(Lease { serving: self, lane, instance: Some(instance) });
                }
                if self.reserve() {
                    return self.start(runtime, lane, deadline).await;
                }
            }
            freed.await;
            first_in_line = true;
        }
    }

    /// Starts an instance for a place that is reserved.
    async fn start(&self, runtime: &Runtime, lane: usize, deadline: Ticks) -> Result<Lease<'_>> {
        let mut lease = Lease { serving: self, lane, instance: None };
        lease.instance = Some(Box::new(Instance::start(runtime, &self.revision, deadline).await?));
        Ok(lease)
    }

    /// An idle instance, from this lane if it has one.
    fn idle(&self, lane: usize) -> Option<Box<Instance>> {
        let (before, from) = self.lanes.split_at(lane);
        from.iter().chain(before).find_map(|lane| lane.idle.pop())
    }

    /// Takes a place for one more instance, if there is one.
    fn reserve(&self) -> bool {
        self.instances
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| {
                (count < self.instances_max).then_some(count + 1)
            })
            .is_ok()
    }

    fn give_back(&self, lane: usize, instance: Box<Instance>) {
        match keeps(&self.revision).then(|| self.lanes[lane].idle.push(instance)) {
            Some(Ok(())) => self.tell_who_waits(),
            _ => self.discarded(),
        }
    }

    fn discarded(&self) {
        self.instances.fetch_sub(1, Ordering::SeqCst);
        self.tell_who_waits();
    }

    /// Who waits has said so before it looked for an instance; this looks for who
    /// waits after there is one. All four are sequentially consistent (the queue's
    /// push is, and its pop fences before it finds nothing), so that they cannot
    /// miss each other.
    fn tell_who_waits(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_one();
        }
    }

    fn drop_idle(&self) {
        while let Some(instance) = self.idle(0) {
            drop(instance);
            self.discarded();
        }
    }
}

/// Whether instances outlive their call.
fn keeps(revision: &Revision) -> bool {
    revision.instancing != Instancing::PerCall
}

/// An instance on loan to one call. Dropped without being given back, it is
/// discarded: the call trapped, or its caller went away in the middle of it.
pub(crate) struct Lease<'a> {
    serving: &'a Serving,
    lane: usize,
    instance: Option<Box<Instance>>,
}

impl Lease<'_> {
    pub(crate) fn instance(&mut self) -> &mut Instance {
        self.instance.as_mut().expect("a lease has its instance until it is given back")
    }

    /// The call ended with the guest's own result; the next one may have it.
    pub(crate) fn give_back(mut self) {
        if let Some(instance) = self.instance.take() {
            self.serving.give_back(self.lane, instance);
            std::mem::forget(self);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        drop(self.instance.take());
        self.serving.discarded();
    }
}

/// A place in the line of those who wait for an instance.
struct Turn<'a> {
    waiting: &'a AtomicUsize,
    first: bool,
}

impl<'a> Turn<'a> {
    fn take(waiting: &'a AtomicUsize) -> Self {
        let first = waiting.fetch_add(1, Ordering::SeqCst) == 0;
        Self { waiting, first }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
