//! Time in ticks, read without asking the operating system.
//!
//! A call reads the clock once and writes nothing; the ticker moves it.
//! Tests: the workspace's `tests/limits`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime};

use super::TestClock;
use super::alarms::{Alarms, Key};

/// How often epochs and the clock advance.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A point in time, or a length of it, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticks(pub(crate) u64);

impl Ticks {
    /// Never.
    pub(crate) const MAX: Self = Self(u64::MAX);

    /// A duration, rounded up to whole ticks.
    pub(crate) fn lasting(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros().div_ceil(TICK.as_micros())).unwrap_or(u64::MAX))
    }

    #[inline]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Counts ticks since the host was built, and wakes who waits for one.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// How far it runs ahead of the system's clock.
    ahead: TestClock,
    now: AtomicU64,
    alarms: Alarms,
}

/// Wakes whoever it was last set for when its tick comes. Dropped, it does not.
pub(crate) struct Alarm {
    clock: Arc<Clock>,
    key: Key,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(TestClock::default())
    }
}

impl Clock {
    pub(super) fn new(ahead: TestClock) -> Self {
        Self {
            start: Instant::now(),
            ahead,
            now: AtomicU64::default(),
            alarms: Alarms::default(),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Ticks {
        Ticks(self.now.load(Ordering::Relaxed))
    }

    /// The time of day, in seconds since 1970.
    pub(crate) fn unix_seconds(&self) -> u64 {
        let now = SystemTime::now() + self.ahead.advanced();
        now.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    /// Moves to the time that it is now, and wakes who waited for it. For the ticker alone.
    pub(super) fn tick(&self) -> Ticks {
        let passed = self.start.elapsed() + self.ahead.advanced();
        let now = Ticks(u64::try_from(passed.as_micros() / TICK.as_micros()).unwrap_or(u64::MAX));
        self.move_to(now);
        now
    }

    fn move_to(&self, now: Ticks) {
        self.now.store(now.0, Ordering::Relaxed);
        self.alarms.ring(now);
    }

    /// Moves to a time, for tests of what waits for it.
    #[cfg(test)]
    pub(crate) fn set(&self, now: Ticks) {
        self.move_to(now);
    }

    /// An alarm for a tick; it is set for somebody by [`Alarm::wake`].
    pub(crate) fn alarm(self: &Arc<Self>, tick: Ticks) -> Alarm {
        Alarm {
            clock: Arc::clone(self),
            key: self.alarms.key(tick),
        }
    }
}

impl Alarm {
    /// Sets it for somebody. Set after its tick, it rings at the next.
    pub(crate) fn wake(&self, waker: &Waker) {
        self.clock.alarms.set(self.key, waker);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clock.alarms.take_back(self.key);
    }
}
