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
const SHARES: usize = 16;

/// All alarms of a host.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    shares: [Mutex<BTreeMap<Key, Waker>>; SHARES],
    set: AtomicU64,
}

/// The tick of an alarm, and a number that tells it from others at the same tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    tick: Ticks,
    number: u64,
}

impl Alarms {
    /// Returns the key for an alarm at a tick, without setting it.
    pub(super) fn key(&self, tick: Ticks) -> Key {
        Key {
            tick,
            number: self.set.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Sets an alarm to wake `waker` at its tick, replacing an earlier waker.
    pub(super) fn set(&self, key: Key, waker: &Waker) {
        match self.share(key).lock().entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => drop(entry.insert(waker.clone())),
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                entry.get_mut().clone_from(waker)
            }
        }
    }

    pub(super) fn take_back(&self, key: Key) {
        self.share(key).lock().remove(&key);
    }

    /// Wakes all alarms that are due.
    pub(super) fn ring(&self, now: Ticks) {
        let later = Key {
            tick: now.plus(Ticks(1)),
            number: 0,
        };
        for share in &self.shares {
            let due = {
                let mut waiting = share.lock();
                let later = waiting.split_off(&later);
                std::mem::replace(&mut *waiting, later)
            };
            due.into_values().for_each(Waker::wake);
        }
    }

    fn share(&self, key: Key) -> &Mutex<BTreeMap<Key, Waker>> {
        &self.shares[key.number as usize % SHARES]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn rings_at_its_tick_once_and_not_after_it_was_taken_back() {
        let (alarms, woken) = (Alarms::default(), Arc::new(Woken::default()));
        let waker = Waker::from(Arc::clone(&woken));
        let keys: Vec<Key> = (0..100).map(|n| alarms.key(Ticks(n % 4))).collect();
        keys.iter().for_each(|key| alarms.set(*key, &waker));
        alarms.set(keys[0], &waker);
        alarms.take_back(keys[1]);
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
