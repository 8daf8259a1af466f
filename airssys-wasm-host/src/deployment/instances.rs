//! The instances of a revision while it serves: the idle ones, and the limit on their number.
//!
//! Knows nothing of gates: its callers have been admitted.
//! Tests: `tests/suite/instancing.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use airssys_wasm_core::Instancing;
use crossbeam_queue::ArrayQueue;

use super::wait_queue::{WaitQueue, Waiter};
use crate::Result;
use crate::blocking::BlockingThreads;
use crate::clock::Ticks;
use crate::instance::Instance;
use crate::revision::Revision;
use crate::runtime::Runtime;

/// The most idle instances that one lane retains.
const IDLE_PER_LANE_MAX: usize = 64;

pub(crate) struct Instances {
    revision: Arc<Revision>,
    /// Idle instances by lane, so that a thread finds the ones that it gave back.
    idle: Box<[ArrayQueue<Box<Instance>>]>,
    /// The most instances at once, idle ones included.
    max: usize,
    count: AtomicUsize,
    /// The number of the instance that was started last.
    newest: AtomicU64,
    queue: WaitQueue<InstanceOffer>,
    aside: BlockingThreads,
}

/// An instance, or room for one, handed to a waiting call.
enum InstanceOffer {
    /// An instance that was idle.
    Instance(Box<Instance>),
    /// Room to start one more instance.
    Room,
}

impl Instances {
    /// Starts with `first` as an idle instance, if it is given and instances outlive their call.
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
        let idle_max = if reuses_instances(&revision) {
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
                    .map_or(0, |first| first.store.data().instance_number()),
            ),
            queue: WaitQueue::new(),
            aside: runtime.blocking.clone(),
        };
        if let Some(first) = first {
            instances.give_back(0, first);
        }
        instances
    }

    /// Returns the most instances that may exist at once.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Returns the number of instances, idle ones included.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns `true` if a call that arrives now need not wait.
    #[cfg(feature = "http")]
    pub(crate) fn has_room(&self) -> bool {
        self.queue.is_empty()
            && (self.count() < self.max || self.idle.iter().any(|idle| !idle.is_empty()))
    }

    /// Returns the number of waiting calls.
    #[cfg(feature = "http")]
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Returns the number of the instance that was started last.
    pub(crate) fn newest(&self) -> u64 {
        self.newest.load(Ordering::SeqCst)
    }

    /// Leases an idle instance for a call on `lane`. Returns `None` if there is none, or if other
    /// calls wait for one.
    #[inline]
    pub(crate) fn lease_idle(&self, lane: usize) -> Option<InstanceLease<'_>> {
        let instance = self.queue.is_empty().then(|| self.take_idle(lane))??;
        Some(InstanceLease {
            instances: self,
            lane,
            instance: Some(instance),
        })
    }

    /// Leases an instance for a call on `lane` that found none idle: starts one if the limit allows
    /// it, or else waits for the next that is given back.
    pub(crate) async fn lease(
        &self,
        runtime: &Arc<Runtime>,
        lane: usize,
        deadline: Ticks,
    ) -> Result<InstanceLease<'_>> {
        if self.queue.is_empty() && self.reserve() {
            return self.start(runtime, lane, deadline).await;
        }
        match self.wait(lane).await {
            InstanceOffer::Instance(instance) => Ok(InstanceLease {
                instances: self,
                lane,
                instance: Some(instance),
            }),
            InstanceOffer::Room => self.start(runtime, lane, deadline).await,
        }
    }

    /// Leases an instance that was held for its caller between calls.
    pub(crate) fn lease_held(&self, lane: usize, instance: Box<Instance>) -> InstanceLease<'_> {
        InstanceLease {
            instances: self,
            lane,
            instance: Some(instance),
        }
    }

    /// Waits in the queue. Cancel safe: an instance that was already handed over goes to the next
    /// waiter.
    async fn wait(&self, lane: usize) -> InstanceOffer {
        let mut waiting = WaitingCall {
            instances: self,
            lane,
            waiter: self.queue.join(),
        };
        self.serve_queue(lane);
        waiting
            .waiter
            .wait()
            .await
            .expect("the queue outlives its waiters")
    }

    /// Starts an instance in a place that is already reserved.
    async fn start(
        &self,
        runtime: &Arc<Runtime>,
        lane: usize,
        deadline: Ticks,
    ) -> Result<InstanceLease<'_>> {
        let mut lease = InstanceLease {
            instances: self,
            lane,
            instance: None,
        };
        let instance = self.revision.start(runtime, deadline).await?;
        self.newest
            .store(instance.store.data().instance_number(), Ordering::SeqCst);
        lease.instance = Some(Box::new(instance));
        Ok(lease)
    }

    /// Takes an idle instance, from this lane if it has one.
    #[inline]
    fn take_idle(&self, lane: usize) -> Option<Box<Instance>> {
        let (before, from) = self.idle.split_at(lane);
        from.iter().chain(before).find_map(ArrayQueue::pop)
    }

    /// Drops the idle instances in the background.
    pub(super) fn drop_idle(&self) {
        let idle: Vec<_> = std::iter::from_fn(|| self.take_idle(0))
            .inspect(|_| self.release_place(0))
            .collect();
        if !idle.is_empty() {
            self.aside.drop(idle);
        }
    }

    /// Drops the idle instances, unless the component is stateful: new instances could not replace
    /// those.
    pub(crate) fn drop_idle_without_state(&self) {
        if self.revision.instancing != Instancing::Stateful {
            self.drop_idle();
        }
    }

    /// Reserves a place for one more instance. Returns `false` if the limit is reached.
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
        self.serve_waiters(lane);
    }

    #[inline]
    fn put_back(&self, lane: usize, instance: Box<Instance>) {
        let surplus = if reuses_instances(&self.revision) && !is_used_up(&self.revision, &instance)
        {
            self.idle[lane].push(instance).err()
        } else {
            Some(instance)
        };
        if let Some(instance) = surplus {
            // Frees its memory before its place.
            drop(instance);
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn release_place(&self, lane: usize) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        self.serve_waiters(lane);
    }

    /// Serves the queue if a call waits.
    ///
    /// A waiter joins the queue before it looks for an idle instance; this checks the queue after
    /// an instance has become idle. All four operations are sequentially consistent
    /// (`ArrayQueue::push` is, and `pop` issues a fence before it returns `None`), so that the two
    /// cannot miss each other.
    #[inline]
    fn serve_waiters(&self, lane: usize) {
        if !self.queue.is_empty() {
            self.serve_queue(lane);
        }
    }

    #[cold]
    fn serve_queue(&self, lane: usize) {
        self.queue.serve(
            || match self.take_idle(lane) {
                Some(instance) => Some(InstanceOffer::Instance(instance)),
                None => self.reserve().then_some(InstanceOffer::Room),
            },
            |grant| self.return_offer(lane, grant),
        );
    }

    fn return_offer(&self, lane: usize, grant: InstanceOffer) {
        match grant {
            InstanceOffer::Instance(instance) => self.put_back(lane, instance),
            InstanceOffer::Room => {
                self.count.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

/// A call in the queue. Dropping it passes on what it was handed.
struct WaitingCall<'a> {
    instances: &'a Instances,
    lane: usize,
    waiter: Waiter<InstanceOffer>,
}

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        if let Some(grant) = self.waiter.leave() {
            self.instances.return_offer(self.lane, grant);
        }
        self.instances.serve_waiters(self.lane);
    }
}

/// Returns `true` if instances outlive their call.
#[inline]
fn reuses_instances(revision: &Revision) -> bool {
    revision.instancing != Instancing::PerCall
}

/// Returns `true` if `instance` has served as many calls as its limit allows, or if its memory is
/// needed elsewhere. A stateful instance is never used up.
#[inline]
fn is_used_up(revision: &Revision, instance: &Instance) -> bool {
    matches!(revision.instancing, Instancing::Pooled { .. })
        && (instance.store.data().call_id().call >= revision.limits.calls_per_instance_max
            || revision.share.memory().has_waiters())
}

/// An instance leased to one call. Discarded if it is dropped without being given back: the call
/// trapped, or its caller dropped it midway.
pub(crate) struct InstanceLease<'a> {
    instances: &'a Instances,
    lane: usize,
    instance: Option<Box<Instance>>,
}

impl InstanceLease<'_> {
    #[inline]
    pub(crate) fn instance(&mut self) -> &mut Instance {
        self.instance
            .as_mut()
            .expect("a lease holds its instance until it is given back")
    }

    /// Takes the instance out for the next call of the same caller. It still counts toward the
    /// limit.
    pub(crate) fn into_instance(mut self) -> Box<Instance> {
        let instance = self
            .instance
            .take()
            .expect("a lease holds its instance until it is given back");
        std::mem::forget(self);
        instance
    }

    /// Gives the instance back after the call ended with the guest's own result, so that the next
    /// call may use it.
    #[inline]
    pub(crate) fn give_back(mut self) {
        if let Some(instance) = self.instance.take() {
            self.instances.give_back(self.lane, instance);
            std::mem::forget(self);
        }
    }
}

impl Drop for InstanceLease<'_> {
    fn drop(&mut self) {
        drop(self.instance.take());
        self.instances.release_place(self.lane);
    }
}
