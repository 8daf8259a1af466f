//! The instances of a revision that serves: which are idle, how many there may
//! be, and who waits for one.
//!
//! Knows nothing of gates: whoever asks has been let in. Tests: the workspace's
//! `tests/instancing`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use airssys_wasm_core::Instancing;
use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

use crate::Result;
use crate::aside::drop_aside;
use crate::engine::Ticks;
use crate::instance::Instance;
use crate::revision::Revision;
use crate::runtime::Runtime;

/// Idle instances that one lane keeps at most.
const IDLE_PER_LANE_MAX: usize = 64;

pub(crate) struct Instances {
    revision: Arc<Revision>,
    /// By lane, so that a thread finds again what it gave back.
    idle: Box<[ArrayQueue<Box<Instance>>]>,
    /// The most at once, idle ones included.
    max: usize,
    count: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

impl Instances {
    /// Begins with `first`, if any are kept beyond their call.
    pub(super) fn new(runtime: &Runtime, revision: Arc<Revision>, first: Box<Instance>) -> Self {
        let max = match revision.instancing {
            Instancing::Stateful => 1,
            Instancing::Pooled { max } => (max.get() as usize).min(revision.limits.concurrent_calls_max),
            _ => revision.limits.concurrent_calls_max,
        };
        let idle_max = if keeps(&revision) { max.min(IDLE_PER_LANE_MAX) } else { 1 };
        let instances = Self {
            revision,
            idle: (0..runtime.lanes).map(|_| ArrayQueue::new(idle_max)).collect(),
            max,
            count: AtomicUsize::new(1),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        };
        instances.give_back(0, first);
        instances
    }

    /// How many there are now.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// An idle instance for a call on `lane`, unless others wait for one.
    #[inline]
    pub(crate) fn lease_idle(&self, lane: usize) -> Option<Lease<'_>> {
        let nobody_waits = self.waiting.load(Ordering::SeqCst) == 0;
        let instance = nobody_waits.then(|| self.idle(lane))??;
        Some(Lease { instances: self, lane, instance: Some(instance) })
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
                    return Ok(Lease { instances: self, lane, instance: Some(instance) });
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
        let mut lease = Lease { instances: self, lane, instance: None };
        lease.instance = Some(Box::new(Instance::start(runtime, &self.revision, deadline).await?));
        Ok(lease)
    }

    /// An idle instance, from this lane if it has one.
    #[inline]
    fn idle(&self, lane: usize) -> Option<Box<Instance>> {
        let (before, from) = self.idle.split_at(lane);
        from.iter().chain(before).find_map(ArrayQueue::pop)
    }

    /// Drops the instances that nobody uses.
    pub(super) fn drop_idle(&self) {
        let idle: Vec<_> = std::iter::from_fn(|| self.idle(0)).inspect(|_| self.discarded()).collect();
        if !idle.is_empty() {
            drop_aside(idle);
        }
    }

    /// Takes a place for one more instance, if there is one.
    fn reserve(&self) -> bool {
        self.count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| (count < self.max).then_some(count + 1))
            .is_ok()
    }

    #[inline]
    fn give_back(&self, lane: usize, instance: Box<Instance>) {
        match keeps(&self.revision).then(|| self.idle[lane].push(instance)) {
            Some(Ok(())) => self.tell_who_waits(),
            _ => self.discarded(),
        }
    }

    fn discarded(&self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        self.tell_who_waits();
    }

    /// Who waits has said so before it looked for an instance; this looks for who
    /// waits after there is one. All four are sequentially consistent (the queue's
    /// push is, and its pop fences before it finds nothing), so that they cannot
    /// miss each other.
    #[inline]
    fn tell_who_waits(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_one();
        }
    }
}

/// Whether instances outlive their call.
#[inline]
fn keeps(revision: &Revision) -> bool {
    revision.instancing != Instancing::PerCall
}

/// An instance on loan to one call. Dropped without being given back, it is
/// discarded: the call trapped, or its caller went away in the middle of it.
pub(crate) struct Lease<'a> {
    instances: &'a Instances,
    lane: usize,
    instance: Option<Box<Instance>>,
}

impl Lease<'_> {
    #[inline]
    pub(crate) fn instance(&mut self) -> &mut Instance {
        self.instance.as_mut().expect("a lease has its instance until it is given back")
    }

    /// The call ended with the guest's own result; the next one may have it.
    #[inline]
    pub(crate) fn give_back(mut self) {
        if let Some(instance) = self.instance.take() {
            self.instances.give_back(self.lane, instance);
            std::mem::forget(self);
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        drop(self.instance.take());
        self.instances.discarded();
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
