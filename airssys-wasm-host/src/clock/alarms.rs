//! Alarms: wakers to wake at a tick.
//!
//! A call that waits sets an alarm for its deadline but seldom needs it. Setting and cancelling one
//! must therefore be cheaper than a timer of the executor; waking a tick late does no harm.
//!
//! Tests: in this file, `tests/suite/limits.rs`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

use super::Ticks;

/// The number of shards, which keeps contention between threads low.
const SHARDS: usize = 16;

/// All alarms of a host.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    shards: [Mutex<BTreeMap<AlarmKey, Waker>>; SHARDS],
    count: AtomicU64,
}

/// The tick of an alarm, and a number that tells it from others at the same tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AlarmKey {
    tick: Ticks,
    number: u64,
}

impl Alarms {
    /// Returns the key for an alarm at a tick, without setting it.
    pub(super) fn key(&self, tick: Ticks) -> AlarmKey {
        AlarmKey {
            tick,
            number: self.count.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Sets an alarm to wake `waker` at its tick, replacing an earlier waker.
    pub(super) fn set(&self, key: AlarmKey, waker: &Waker) {
        match self.shard(key).lock().entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(waker.clone())),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                entry.get_mut().clone_from(waker)
            }
        }
    }

    pub(super) fn cancel(&self, key: AlarmKey) {
        self.shard(key).lock().remove(&key);
    }

    /// Wakes all alarms that are due.
    pub(super) fn ring(&self, now: Ticks) {
        let later = AlarmKey {
            tick: now.saturating_add(Ticks(1)),
            number: 0,
        };
        for shard in &self.shards {
            let due = {
                let mut waiting = shard.lock();
                let later = waiting.split_off(&later);
                std::mem::replace(&mut *waiting, later)
            };
            due.into_values().for_each(Waker::wake);
        }
    }

    fn shard(&self, key: AlarmKey) -> &Mutex<BTreeMap<AlarmKey, Waker>> {
        &self.shards[key.number as usize % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct WakeCounter(AtomicUsize);

    impl Wake for WakeCounter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn rings_once_at_its_tick_and_never_when_cancelled() {
        let (alarms, woken) = (Alarms::default(), Arc::new(WakeCounter::default()));
        let waker = Waker::from(Arc::clone(&woken));
        let keys: Vec<AlarmKey> = (0..100).map(|n| alarms.key(Ticks(n % 4))).collect();
        keys.iter().for_each(|key| alarms.set(*key, &waker));
        alarms.set(keys[0], &waker);
        alarms.cancel(keys[1]);
        let count = || woken.0.load(Ordering::SeqCst);
        alarms.ring(Ticks(0));
        assert_eq!(count(), 25);
        alarms.ring(Ticks(0));
        assert_eq!(count(), 25);
        alarms.ring(Ticks(1));
        assert_eq!(count(), 49);
        alarms.ring(Ticks(9));
        assert_eq!(count(), 99);
    }
}
