//! One instance per lane that the next call on the lane takes without entering a gate.
//!
//! A revision enters a gate once for each instance that it keeps here, and leaves it when the
//! instance is taken out permanently: a call that takes an instance and puts it back is counted all
//! along, and each of the two is one exchange. The slots are open for one revision at a time. Knows
//! nothing of calls or revisions. The tests are model-checked with loom.
//! Tests: in this file.

use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;
use smallvec::SmallVec;

/// The slots of a deployment, one for each lane.
pub(super) struct ReadySlots<T, A: Atomics = MachineAtomics> {
    /// The period during which instances may be taken and put back; 0 while the slots are closed.
    current: A::Word,
    /// The number of periods so far.
    periods: A::Word,
    /// The number of calls that wait for an instance.
    waiting: A::Word,
    slots: Box<[CachePadded<A::Slot<T>>]>,
}

/// Values that have lost their places in slots.
pub(super) type DisplacedValues<T> = SmallVec<[Box<T>; 2]>;

/// The time between opening the slots for a revision and closing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenPeriod(u64);

impl OpenPeriod {
    /// A period that never lasts.
    pub(super) const NONE: Self = Self(u64::MAX);
}

impl<T, A: Atomics> ReadySlots<T, A> {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            current: A::Word::new(0),
            periods: A::Word::new(0),
            waiting: A::Word::new(0),
            slots: (0..lanes)
                .map(|_| CachePadded::new(A::Slot::new()))
                .collect(),
        }
    }

    /// Returns the number of lanes.
    #[inline]
    pub(super) fn lanes(&self) -> usize {
        self.slots.len()
    }

    /// Takes the value in a slot, if there is one.
    #[inline]
    pub(super) fn take(&self, lane: usize) -> Option<Box<T>> {
        self.slots[lane].swap(None)
    }

    /// Takes the value in a slot if `is_wanted` accepts it, or else puts it back for its period.
    /// Adds the values that cannot stay then to `displaced`, unless one of them is wanted.
    pub(super) fn take_if(
        &self,
        lane: usize,
        is_wanted: impl Fn(&T) -> bool,
        period: impl Fn(&T) -> OpenPeriod,
        displaced: &mut DisplacedValues<T>,
    ) -> Option<Box<T>> {
        let value = self.take(lane)?;
        if is_wanted(&value) {
            return Some(value);
        }
        let rest = self.put(lane, period(&value), value);
        displaced.extend(rest.into_iter().flatten());
        let place = displaced.iter().position(|value| is_wanted(value))?;
        Some(displaced.swap_remove(place))
    }

    /// Puts a value in a slot if `period` still lasts. Returns the values that cannot stay: this
    /// one if it came too late, and any other that was in its place.
    #[inline]
    #[must_use = "a value that is not in a slot must go elsewhere"]
    pub(super) fn put(
        &self,
        lane: usize,
        period: OpenPeriod,
        value: Box<T>,
    ) -> [Option<Box<T>>; 2] {
        if !self.is_open(period) {
            return [Some(value), None];
        }
        let other = self.slots[lane].swap(Some(value));
        // The slots are closed before they are emptied. Therefore, either this sees that they are
        // closed, or the value is found when they are emptied.
        let late = if self.is_open(period) {
            None
        } else {
            self.take(lane)
        };
        [other, late]
    }

    /// Returns `true` while `period` lasts.
    #[inline]
    pub(super) fn is_open(&self, period: OpenPeriod) -> bool {
        self.current.load() == period.0
    }

    /// Opens the slots, which must be closed.
    pub(super) fn open(&self) -> OpenPeriod {
        let number = self.periods.add(1) + 1;
        self.current.store(number);
        OpenPeriod(number)
    }

    /// Closes the slots and returns the values in them, unless `period` has ended before. No value
    /// of the period is found in a slot, and kept, once this has returned.
    pub(super) fn close(&self, period: OpenPeriod) -> Vec<Box<T>> {
        if !self.current.replace(period.0, 0) {
            return Vec::new();
        }
        (0..self.lanes())
            .filter_map(|lane| self.take(lane))
            .collect()
    }

    /// Returns `true` if calls wait for an instance.
    ///
    /// A call counts itself before it looks into the slots, and a call that puts an instance back
    /// asks afterwards, so that the two cannot miss each other.
    #[inline]
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.load() != 0
    }

    /// Counts a call that begins to wait.
    pub(super) fn add_waiting(&self) {
        self.waiting.add(1);
    }

    /// Counts a call that no longer waits.
    pub(super) fn remove_waiting(&self) {
        self.waiting.subtract(1);
    }
}

/// The atomic types that slots need. The tests implement it for loom's.
pub(super) trait Atomics {
    type Word: Word;
    type Slot<T>: Slot<T>;
}

/// The atomic types of the machine.
pub(super) struct MachineAtomics;

/// An atomic word with sequentially consistent operations.
pub(super) trait Word {
    fn new(value: u64) -> Self;
    fn load(&self) -> u64;
    fn store(&self, value: u64);
    /// Returns the previous value.
    fn add(&self, amount: u64) -> u64;
    fn subtract(&self, amount: u64);
    /// Returns `true` if the value was `old` and is `new` now.
    fn replace(&self, old: u64, new: u64) -> bool;
}

/// An atomic pointer to a value.
pub(super) trait Slot<T> {
    fn new() -> Self;
    fn swap(&self, value: Option<Box<T>>) -> Option<Box<T>>;
}

macro_rules! word {
    ($atomic:ty) => {
        impl Word for $atomic {
            fn new(value: u64) -> Self {
                Self::new(value)
            }

            #[inline]
            fn load(&self) -> u64 {
                self.load(Ordering::SeqCst)
            }

            fn store(&self, value: u64) {
                self.store(value, Ordering::SeqCst);
            }

            fn add(&self, amount: u64) -> u64 {
                self.fetch_add(amount, Ordering::SeqCst)
            }

            fn subtract(&self, amount: u64) {
                self.fetch_sub(amount, Ordering::SeqCst);
            }

            fn replace(&self, old: u64, new: u64) -> bool {
                self.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst)
                    .is_ok()
            }
        }
    };
}

word!(AtomicU64);

impl Atomics for MachineAtomics {
    type Word = AtomicU64;
    type Slot<T> = AtomicCell<Option<Box<T>>>;
}

impl<T> Slot<T> for AtomicCell<Option<Box<T>>> {
    fn new() -> Self {
        const { assert!(Self::is_lock_free(), "a box is one word") };
        Self::new(None)
    }

    #[inline]
    fn swap(&self, value: Option<Box<T>>) -> Option<Box<T>> {
        self.swap(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::gate::{Gate, LoomGate};
    use loom::sync::atomic::{AtomicBool, AtomicU64 as LoomU64};
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    struct LoomAtomics;

    word!(LoomU64);

    impl Atomics for LoomAtomics {
        type Word = LoomU64;
        type Slot<T> = Mutex<Option<Box<T>>>;
    }

    impl<T> Slot<T> for Mutex<Option<Box<T>>> {
        fn new() -> Self {
            Self::new(None)
        }

        fn swap(&self, value: Option<Box<T>>) -> Option<Box<T>> {
            std::mem::replace(&mut *self.lock().expect("no thread panicked"), value)
        }
    }

    /// An instance that is counted by the gate of its revision for as long as it exists.
    struct Instance {
        gate: Arc<LoomGate>,
        period: OpenPeriod,
    }

    impl Instance {
        fn begin(gate: &Arc<LoomGate>, period: OpenPeriod) -> Box<Self> {
            assert!(gate.enter(), "the gate is open");
            let gate = Arc::clone(gate);
            Box::new(Self { gate, period })
        }
    }

    impl Drop for Instance {
        fn drop(&mut self) {
            self.gate.leave();
        }
    }

    type Slots = ReadySlots<Instance, LoomAtomics>;

    /// Makes a call in the instance of the only slot. Returns `false` if it has none.
    fn call(slots: &Slots, run: impl FnOnce(&Instance)) -> bool {
        let Some(instance) = slots.take(0) else {
            return false;
        };
        if !slots.is_open(instance.period) {
            return false;
        }
        run(&instance);
        let period = instance.period;
        drop(slots.put(0, period, instance));
        true
    }

    /// Once the drain has seen the gate empty, no call is inside and none begins.
    #[test]
    fn no_call_is_inside_after_the_drain() {
        loom::model(|| {
            let (slots, gate) = (Arc::new(Slots::new(1)), Arc::new(Gate::new()));
            let period = slots.open();
            drop(slots.put(0, period, Instance::begin(&gate, period)));
            let drained = Arc::new(AtomicBool::new(false));
            let callers: Vec<_> = (0..2)
                .map(|_| {
                    let (slots, drained) = (Arc::clone(&slots), Arc::clone(&drained));
                    thread::spawn(move || {
                        call(&slots, |_| {
                            assert!(!drained.load(Ordering::SeqCst), "inside after the drain");
                        });
                    })
                })
                .collect();
            drop(slots.close(period));
            assert!(!slots.is_open(period));
            gate.close();
            if gate.is_drained() {
                drained.store(true, Ordering::SeqCst);
            }
            for caller in callers {
                caller.join().expect("a caller");
            }
            assert!(slots.take(0).is_none(), "no instance is left behind");
            assert!(gate.is_drained());
        });
    }

    /// A call that begins after the slots were closed is never served by the revision before, even
    /// while calls of that revision end.
    #[test]
    fn no_call_finds_the_revision_before() {
        loom::model(|| {
            let slots = Arc::new(Slots::new(1));
            let gates = [Arc::new(Gate::new()), Arc::new(Gate::new())];
            let old = slots.open();
            drop(slots.put(0, old, Instance::begin(&gates[0], old)));
            let caller = {
                let slots = Arc::clone(&slots);
                thread::spawn(move || call(&slots, |_| ()))
            };
            drop(slots.close(old));
            let new = slots.open();
            drop(slots.put(0, new, Instance::begin(&gates[1], new)));
            call(&slots, |instance| assert_eq!(instance.period, new));
            caller.join().expect("a caller");
            drop(slots.close(new));
            for gate in gates {
                assert!(
                    gate.close() || gate.is_drained(),
                    "an instance is left behind"
                );
            }
        });
    }

    /// A call that looks for an instance of the revision before, with the queue of that revision
    /// locked, gets one even if it comes late and displaces another. No instance is left behind.
    #[test]
    fn late_instance_goes_to_the_call_that_displaces_it() {
        loom::model(|| {
            let slots = Arc::new(Slots::new(1));
            let gates = [Arc::new(Gate::new()), Arc::new(Gate::new())];
            let queue = Arc::new(Mutex::new(()));
            let old = slots.open();
            let late = Instance::begin(&gates[0], old);
            let giver = {
                let (slots, queue) = (Arc::clone(&slots), Arc::clone(&queue));
                thread::spawn(move || {
                    for rest in slots.put(0, old, late).into_iter().flatten() {
                        // Retired: its queue is served.
                        drop(queue.lock().expect("no thread panicked"));
                        drop(rest);
                    }
                })
            };
            drop(slots.close(old));
            let new = slots.open();
            drop(slots.put(0, new, Instance::begin(&gates[1], new)));
            let mut displaced = DisplacedValues::new();
            let found = {
                let _locked = queue.lock().expect("no thread panicked");
                let is_wanted = |instance: &Instance| instance.period == old;
                slots.take_if(0, is_wanted, |instance| instance.period, &mut displaced)
            };
            assert!(found.iter().all(|instance| instance.period == old));
            assert!(displaced.iter().all(|instance| instance.period == new));
            drop((found, displaced));
            giver.join().expect("a caller");
            drop(slots.close(new));
            for gate in gates {
                assert!(
                    gate.close() || gate.is_drained(),
                    "an instance is left behind"
                );
            }
        });
    }

    /// Either the waiting call finds the instance, or the call that puts it back finds the waiting
    /// one.
    #[test]
    fn an_instance_and_a_waiting_call_do_not_miss_each_other() {
        loom::model(|| {
            let (slots, gate) = (Arc::new(Slots::new(1)), Arc::new(Gate::new()));
            let period = slots.open();
            let instance = Instance::begin(&gate, period);
            let giver = {
                let slots = Arc::clone(&slots);
                thread::spawn(move || {
                    drop(slots.put(0, period, instance));
                    slots.has_waiting()
                })
            };
            slots.add_waiting();
            let found = slots.take(0).is_some();
            let is_served = giver.join().expect("a caller");
            assert!(found || is_served, "the call would wait for ever");
        });
    }
}
