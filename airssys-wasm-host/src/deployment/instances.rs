//! The instances of a revision while it serves: the idle ones, and the limit on their number.
//!
//! Admits no calls: a call that takes an instance was admitted before. An instance in a slot has an
//! admission of its own, which ends when it is taken out.
//! Tests: `tests/suite/instancing.rs`, `tests/suite/budget.rs`,
//! `airssys-wasm-host/src/deployment/ready_slots.rs`.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use airssys_wasm_core::Instancing;
use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;
use parking_lot::Mutex;

use super::ready_calls::{ReadyCallCounts, ReadyCalls};
use super::ready_instance::{ReadyInstance, ReadyInstances};
use super::ready_slots::{DisplacedValues, OpenPeriod};
use super::wait_queue::{WaitQueue, Waiter};
use crate::instance::Instance;
use crate::revision::Revision;
use crate::services::HostServices;

/// The most idle instances that one lane retains.
const IDLE_PER_LANE_MAX: usize = 64;

pub(crate) struct Instances {
    revision: Arc<Revision>,
    /// Idle instances by lane, so that a thread finds the ones that it gave back.
    lanes: Box<[CachePadded<LaneInstances>]>,
    /// The slots of the deployment, once the revision has been active.
    slots: OnceLock<Weak<ReadyInstances>>,
    /// The last period of the slots for this revision.
    period: Mutex<OpenPeriod>,
    /// The most instances at once, idle ones included.
    max: usize,
    count: AtomicUsize,
    /// The number of the instance that was started last.
    newest: AtomicU64,
    queue: WaitQueue<InstanceOffer>,
}

struct LaneInstances {
    idle: ArrayQueue<Box<Instance>>,
    ready: ReadyCalls,
}

/// An instance, or a place for one, handed to a waiting call.
pub(super) enum InstanceOffer {
    /// An instance that was idle.
    Instance(Box<Instance>),
    /// A place to start one more instance.
    Place,
}

impl Instances {
    /// Starts with `first` as an idle instance, if it is given and instances outlive their call.
    pub(super) fn new(
        services: &HostServices,
        revision: Arc<Revision>,
        first: Option<Box<Instance>>,
    ) -> Self {
        let max = match revision.terms.instancing {
            Instancing::Stateful => 1,
            Instancing::Pooled { max } => {
                (max.get() as usize).min(revision.terms.limits.concurrent_calls_max)
            }
            _ => revision.terms.limits.concurrent_calls_max,
        };
        let idle_max = if reuses_instances(&revision) {
            max.min(IDLE_PER_LANE_MAX)
        } else {
            1
        };
        let instances = Self {
            revision,
            lanes: (0..services.lanes)
                .map(|_| LaneInstances::new(idle_max))
                .collect(),
            slots: OnceLock::new(),
            period: Mutex::new(OpenPeriod::NONE),
            max,
            count: AtomicUsize::new(first.iter().count()),
            newest: AtomicU64::new(
                first
                    .as_ref()
                    .map_or(0, |first| first.store.data().instance_number()),
            ),
            queue: WaitQueue::new(),
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
            && (self.count() < self.max || self.lanes.iter().any(|lane| lane.has_idle()))
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

    /// Takes an idle instance for a call on `lane`. Returns `None` if there is none, or if other
    /// calls wait for one.
    #[inline]
    pub(super) fn take_unless_waiting(&self, lane: usize) -> Option<Box<Instance>> {
        self.queue.is_empty().then(|| self.take_idle(lane))?
    }

    /// Returns a place to start one more instance, or waits for the next instance that is given
    /// back, or for a place. Cancel safe: an instance that was already handed over goes to the next
    /// waiter.
    pub(super) async fn offer(&self, lane: usize) -> InstanceOffer {
        if self.queue.is_empty() && self.reserve() {
            return InstanceOffer::Place;
        }
        let mut waiting = WaitingCall::new(self, lane);
        self.serve_queue(lane);
        let offered = waiting.waiter.wait().await;
        offered.expect("the queue outlives its waiters")
    }

    /// Records the instance that was started last.
    pub(super) fn count_started(&self, instance: &Instance) {
        self.newest
            .store(instance.store.data().instance_number(), Ordering::SeqCst);
    }

    /// Takes an idle instance, from this lane if it has one.
    #[inline]
    fn take_idle(&self, lane: usize) -> Option<Box<Instance>> {
        self.pop_idle(lane).or_else(|| self.take_ready(lane))
    }

    #[inline]
    fn pop_idle(&self, lane: usize) -> Option<Box<Instance>> {
        let (before, from) = self.lanes.split_at(lane);
        let mut lanes = from.iter().chain(before);
        lanes.find_map(|lane| lane.idle.pop())
    }

    /// Takes an instance out of a slot.
    #[cold]
    fn take_ready(&self, lane: usize) -> Option<Box<Instance>> {
        let mut displaced = DisplacedValues::new();
        let found = self.find_ready(lane, &mut displaced);
        displaced.into_iter().for_each(|ready| ready.retire());
        found
    }

    /// Takes an instance out of a slot. Adds instances that found no slot meanwhile to `displaced`,
    /// to be retired once the queue is not locked.
    fn find_ready(
        &self,
        lane: usize,
        displaced: &mut DisplacedValues<ReadyInstance>,
    ) -> Option<Box<Instance>> {
        let slots = self.slots()?;
        let count = self.lanes.len();
        // The others belong to the revision that is active by now.
        let is_own =
            |ready: &ReadyInstance| std::ptr::eq(&raw const ready.active().instances, self);
        let mut lanes = (lane..lane + count).map(|lane| lane % count);
        let found = lanes.find_map(|lane| {
            let has_ready = self.lanes[lane].ready.has_instance();
            has_ready.then(|| slots.take_if(lane, is_own, ReadyInstance::period, displaced))?
        });
        found.map(|ready| ready.into_instance())
    }

    /// Takes every idle instance. Each has its place until [`release_place`](Self::release_place).
    pub(super) fn take_all_idle(&self) -> Vec<Instance> {
        std::iter::from_fn(|| self.take_idle(0))
            .map(|idle| *idle)
            .collect()
    }

    /// Returns the slots of the deployment, once the revision has been active.
    fn slots(&self) -> Option<Arc<ReadyInstances>> {
        self.slots.get()?.upgrade()
    }

    /// Opens the slots for instances of this revision.
    pub(super) fn open_ready(&self, slots: &Arc<ReadyInstances>) {
        let slots = self.slots.get_or_init(|| Arc::downgrade(slots)).upgrade();
        if let Some(slots) = slots
            && reuses_instances(&self.revision)
        {
            *self.period.lock() = slots.open();
        }
    }

    /// Closes the slots, and moves the instances in them to the idle ones. No call takes an
    /// instance from a slot once this has returned.
    pub(super) fn close_ready(&self) {
        let period = std::mem::replace(&mut *self.period.lock(), OpenPeriod::NONE);
        if let Some(slots) = self.slots() {
            let instances = slots.close(period);
            instances.into_iter().for_each(|ready| ready.retire());
        }
    }

    /// Begins to have a ready instance on `lane`, unless there is one, or calls wait for an
    /// instance, or `instance` must not be used again.
    pub(super) fn begin_ready(&self, lane: usize, instance: &Instance) -> Option<OpenPeriod> {
        let period = *self.period.lock();
        let is_usable = period != OpenPeriod::NONE && self.queue.is_empty();
        let is_begun = is_usable && !self.is_used_up(instance) && self.lanes[lane].ready.begin();
        is_begun.then_some(period)
    }

    pub(super) fn end_ready(&self, lane: usize) {
        self.lanes[lane].ready.end();
    }

    #[inline]
    pub(super) fn begin_ready_call(&self, lane: usize) {
        self.lanes[lane].ready.begin_call();
    }

    #[inline]
    pub(super) fn end_ready_call(&self, lane: usize) {
        self.lanes[lane].ready.end_call();
    }

    /// Returns the counts of the calls that ready instances served.
    pub(super) fn ready_calls(&self) -> ReadyCallCounts {
        let mut counts = ReadyCallCounts::default();
        self.lanes
            .iter()
            .for_each(|lane| lane.ready.add_to(&mut counts));
        counts
    }

    /// Returns `true` if `instance` has served as many calls as its limit allows, or if its memory
    /// is needed elsewhere. A stateful instance is never used up.
    #[inline]
    pub(super) fn is_used_up(&self, instance: &Instance) -> bool {
        let revision = &*self.revision;
        matches!(revision.terms.instancing, Instancing::Pooled { .. })
            && (instance.store.data().call_id().call
                >= revision.terms.limits.calls_per_instance_max
                || revision.share.memory().has_waiters())
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
    pub(super) fn give_back(&self, lane: usize, instance: Box<Instance>) {
        self.put_back(lane, instance);
        self.serve_waiters(lane);
    }

    #[inline]
    fn put_back(&self, lane: usize, instance: Box<Instance>) {
        let surplus = if reuses_instances(&self.revision) && !self.is_used_up(&instance) {
            self.lanes[lane].idle.push(instance).err()
        } else {
            Some(instance)
        };
        if let Some(instance) = surplus {
            // Frees its memory before its place.
            drop(instance);
            self.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    pub(super) fn release_place(&self, lane: usize) {
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
    pub(super) fn serve_waiters(&self, lane: usize) {
        if !self.queue.is_empty() {
            self.serve_queue(lane);
        }
    }

    /// Serves the queue. Whatever leads here again, such as retiring an instance, is left for when
    /// the queue is unlocked.
    #[cold]
    fn serve_queue(&self, lane: usize) {
        loop {
            let mut displaced = DisplacedValues::new();
            let unclaimed = self.queue.serve(|| self.find_offer(lane, &mut displaced));
            displaced.into_iter().for_each(|ready| ready.retire());
            let Some(offer) = unclaimed else { return };
            self.return_offer(lane, offer);
            // A call that joined before the offer was returned has not found it.
            if self.queue.is_empty() {
                return;
            }
        }
    }

    fn find_offer(
        &self,
        lane: usize,
        displaced: &mut DisplacedValues<ReadyInstance>,
    ) -> Option<InstanceOffer> {
        let idle = self.pop_idle(lane);
        match idle.or_else(|| self.find_ready(lane, displaced)) {
            Some(instance) => Some(InstanceOffer::Instance(instance)),
            None => self.reserve().then_some(InstanceOffer::Place),
        }
    }

    fn return_offer(&self, lane: usize, offer: InstanceOffer) {
        match offer {
            InstanceOffer::Instance(instance) => self.put_back(lane, instance),
            InstanceOffer::Place => {
                self.count.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

impl LaneInstances {
    fn new(idle_max: usize) -> CachePadded<Self> {
        CachePadded::new(Self {
            idle: ArrayQueue::new(idle_max),
            ready: ReadyCalls::default(),
        })
    }

    #[cfg(feature = "http")]
    fn has_idle(&self) -> bool {
        !self.idle.is_empty() || self.ready.has_idle_instance()
    }
}

/// A call in the queue. Dropping it passes on what it was handed.
struct WaitingCall<'a> {
    instances: &'a Instances,
    lane: usize,
    waiter: Waiter<InstanceOffer>,
    /// The slots, in which it counts as waiting.
    slots: Option<Arc<ReadyInstances>>,
}

impl<'a> WaitingCall<'a> {
    fn new(instances: &'a Instances, lane: usize) -> Self {
        let slots = instances.slots();
        slots.iter().for_each(|slots| slots.add_waiting());
        Self {
            instances,
            lane,
            waiter: instances.queue.join(),
            slots,
        }
    }
}

impl Drop for WaitingCall<'_> {
    fn drop(&mut self) {
        if let Some(offer) = self.waiter.leave() {
            self.instances.return_offer(self.lane, offer);
        }
        self.instances.serve_waiters(self.lane);
        self.slots.iter().for_each(|slots| slots.remove_waiting());
    }
}

/// Returns `true` if instances outlive their call.
#[inline]
fn reuses_instances(revision: &Revision) -> bool {
    revision.terms.instancing != Instancing::PerCall
}
