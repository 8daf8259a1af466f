//! The instances of a revision that serves: which are idle, and how many there
//! may be.
//!
//! Knows nothing of gates: whoever asks has been let in. Tests: the workspace's
//! `tests/instancing`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use airssys_wasm_core::Instancing;
use crossbeam_queue::ArrayQueue;

use super::line::{Line, Waiter};
use crate::Result;
use crate::aside::Aside;
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
    /// The number of the one that was started last.
    newest: AtomicU64,
    line: Line<Grant>,
    aside: Aside,
}

/// What a waiter is handed.
enum Grant {
    /// An instance that was idle.
    Instance(Box<Instance>),
    /// Room for one more.
    Room,
}

impl Instances {
    /// Begins with `first` if there is one, and if any are kept beyond their call.
    pub(super) fn new(
        runtime: &Runtime,
        revision: Arc<Revision>,
        first: Option<Box<Instance>>,
    ) -> Self {
        let max = match revision.instancing {
            Instancing::Stateful => 1,
            Instancing::Pooled { max } => {
                (max.get() as usize).min(revision.limits.concurrent_calls_max)
            }
            _ => revision.limits.concurrent_calls_max,
        };
        let idle_max = if keeps(&revision) {
            max.min(IDLE_PER_LANE_MAX)
        } else {
            1
        };
        let instances = Self {
            revision,
            idle: (0..runtime.lanes)
                .map(|_| ArrayQueue::new(idle_max))
                .collect(),
            max,
            count: AtomicUsize::new(first.iter().count()),
            newest: AtomicU64::new(
                first
                    .as_ref()
                    .map_or(0, |first| first.store.data().number()),
            ),
            line: Line::new(),
            aside: runtime.aside.clone(),
        };
        if let Some(first) = first {
            instances.give_back(0, first);
        }
        instances
    }

    /// How many there may be.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// How many there are now.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether somebody who comes now need not wait in line.
    #[cfg(feature = "http")]
    pub(crate) fn has_room(&self) -> bool {
        self.line.is_empty()
            && (self.count() < self.max || self.idle.iter().any(|idle| !idle.is_empty()))
    }

    /// How many wait for their turn.
    #[cfg(feature = "http")]
    pub(crate) fn waiting(&self) -> usize {
        self.line.len()
    }

    /// The number of the instance that was started last.
    pub(crate) fn newest(&self) -> u64 {
        self.newest.load(Ordering::SeqCst)
    }

    /// An idle instance for a call on `lane`, unless others wait for one.
    #[inline]
    pub(crate) fn lease_idle(&self, lane: usize) -> Option<Lease<'_>> {
        let instance = self.line.is_empty().then(|| self.idle(lane))??;
        Some(Lease {
            instances: self,
            lane,
            instance: Some(instance),
        })
    }

    /// An instance for a call on `lane` that found none idle: a new one if there
    /// may be more, or the next that is given back.
    pub(crate) async fn lease(
        &self,
        runtime: &Arc<Runtime>,
        lane: usize,
        deadline: Ticks,
    ) -> Result<Lease<'_>> {
        if self.line.is_empty() && self.reserve() {
            return self.start(runtime, lane, deadline).await;
        }
        match self.wait(lane).await {
            Grant::Instance(instance) => Ok(Lease {
                instances: self,
                lane,
                instance: Some(instance),
            }),
            Grant::Room => self.start(runtime, lane, deadline).await,
        }
    }

    /// An instance that was kept for whoever calls now.
    pub(crate) fn lease_kept(&self, lane: usize, instance: Box<Instance>) -> Lease<'_> {
        Lease {
            instances: self,
            lane,
            instance: Some(instance),
        }
    }

    /// Waits in line. Cancel safe: what was handed over goes to the next.
    async fn wait(&self, lane: usize) -> Grant {
        let mut waiting = Waiting {
            instances: self,
            lane,
            waiter: self.line.join(),
        };
        self.serve_line(lane);
        waiting
            .waiter
            .turn()
            .await
            .expect("the line outlives those who wait in it")
    }

    /// Starts an instance for a place that is reserved.
    async fn start(
        &self,
        runtime: &Arc<Runtime>,
        lane: usize,
        deadline: Ticks,
    ) -> Result<Lease<'_>> {
        let mut lease = Lease {
            instances: self,
            lane,
            instance: None,
        };
        let instance = Instance::start(runtime, &self.revision, deadline).await?;
        self.newest
            .store(instance.store.data().number(), Ordering::SeqCst);
        lease.instance = Some(Box::new(instance));
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
        let idle: Vec<_> = std::iter::from_fn(|| self.idle(0))
            .inspect(|_| self.discarded(0))
            .collect();
        if !idle.is_empty() {
            self.aside.drop(idle);
        }
    }

    /// Drops the instances that nobody uses and that are worth no more than new ones.
    pub(crate) fn drop_idle_without_state(&self) {
        if self.revision.instancing != Instancing::Stateful {
            self.drop_idle();
        }
    }

    /// Takes a place for one more instance, if there is one.
    fn reserve(&self) -> bool {
        self.count
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| {
                (count < self.max).then_some(count + 1)
            })
            .is_ok()
    }

    #[inline]
    fn give_back(&self, lane: usize, instance: Box<Instance>) {
        self.put_back(lane, instance);
        self.tell_who_waits(lane);
    }

    #[inline]
    fn put_back(&self, lane: usize, instance: Box<Instance>) {
        let surplus = if keeps(&self.revision) && !is_used_up(&self.revision, &instance) {
            self.idle[lane].push(instance).err()
        } else {
            Some(instance)
        };
        if let Some(instance) = surplus {
            // Its memory is given back before its place is.
            drop(instance);
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn discarded(&self, lane: usize) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        self.tell_who_waits(lane);
    }

    /// Who waits has joined the line before it looked for an instance; this looks
    /// at the line after there is one. All four are sequentially consistent (the
    /// queue's push is, and its pop fences before it finds nothing), so that they
    /// cannot miss each other.
    #[inline]
    fn tell_who_waits(&self, lane: usize) {
        if !self.line.is_empty() {
            self.serve_line(lane);
        }
    }

    #[cold]
    fn serve_line(&self, lane: usize) {
        self.line.serve(
            || match self.idle(lane) {
                Some(instance) => Some(Grant::Instance(instance)),
                None => self.reserve().then_some(Grant::Room),
            },
            |grant| self.take_back(lane, grant),
        );
    }

    fn take_back(&self, lane: usize, grant: Grant) {
        match grant {
            Grant::Instance(instance) => self.put_back(lane, instance),
            Grant::Room => {
                self.count.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

/// A call in line. Dropped, it hands on what it was handed.
struct Waiting<'a> {
    instances: &'a Instances,
    lane: usize,
    waiter: Waiter<Grant>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(grant) = self.waiter.leave() {
            self.instances.take_back(self.lane, grant);
        }
        self.instances.tell_who_waits(self.lane);
    }
}

/// Whether instances outlive their call.
#[inline]
fn keeps(revision: &Revision) -> bool {
    revision.instancing != Instancing::PerCall
}

/// Whether it has served as many calls as one instance may, or its memory is needed elsewhere. One
/// that remembers goes on.
#[inline]
fn is_used_up(revision: &Revision, instance: &Instance) -> bool {
    matches!(revision.instancing, Instancing::Pooled { .. })
        && (instance.store.data().call().call >= revision.limits.calls_per_instance_max
            || revision.share.memory().is_awaited())
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
        self.instance
            .as_mut()
            .expect("a lease has its instance until it is given back")
    }

    /// Keeps it for the next call of the same caller; it keeps its place among the others.
    pub(crate) fn keep(mut self) -> Box<Instance> {
        let instance = self
            .instance
            .take()
            .expect("a lease has its instance until it is given back");
        std::mem::forget(self);
        instance
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
        self.instances.discarded(self.lane);
    }
}
