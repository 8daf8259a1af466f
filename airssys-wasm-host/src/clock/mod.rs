//! Time in ticks, read without a system call.
//!
//! A call reads the clock once and writes nothing; the ticker advances it.
//!
//! | file | purpose |
//! |---|---|
//! | `alarms` | wakers that are woken at a tick |
//! | `cpu_time` | processor time of the current thread |
//! | `deadline` | futures that end at a tick |
//! | `test_clock` | a clock that tests can advance |
//!
//! Tests: `tests/suite/limits.rs`.

mod alarms;
mod cpu_time;
mod deadline;
mod test_clock;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant, SystemTime};

use alarms::{AlarmKey, Alarms};
pub(crate) use cpu_time::CpuTime;
pub(crate) use deadline::{Deadline, run_until_deadline};
pub use test_clock::TestClock;

/// The interval at which epochs and the clock advance.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// A point in time or a duration, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticks(pub(crate) u64);

impl Ticks {
    /// The end of time.
    pub(crate) const MAX: Self = Self(u64::MAX);

    /// Converts a duration, rounding up to whole ticks.
    pub(crate) fn from_duration(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros().div_ceil(TICK.as_micros())).unwrap_or(u64::MAX))
    }

    #[inline]
    pub(crate) fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A clock that counts ticks since the host was built, and wakes alarms that are due.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    /// The offset ahead of the system's clock.
    offset: TestClock,
    now: AtomicU64,
    alarms: Alarms,
}

/// An alarm that wakes the waker it was last set to when its tick comes. Dropping it cancels it.
pub(crate) struct Alarm {
    clock: Arc<Clock>,
    key: AlarmKey,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(TestClock::default())
    }
}

impl Clock {
    pub(crate) fn new(ahead: TestClock) -> Self {
        Self {
            start: Instant::now(),
            offset: ahead,
            now: AtomicU64::default(),
            alarms: Alarms::default(),
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Ticks {
        Ticks(self.now.load(Ordering::Relaxed))
    }

    /// Returns the time of day, in seconds since 1970.
    pub(crate) fn unix_seconds(&self) -> u64 {
        let now = SystemTime::now() + self.offset.offset();
        now.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    /// Advances to the current time and wakes alarms that are due. For the ticker only.
    pub(crate) fn tick(&self) -> Ticks {
        let passed = self.start.elapsed() + self.offset.offset();
        let now = Ticks(u64::try_from(passed.as_micros() / TICK.as_micros()).unwrap_or(u64::MAX));
        self.move_to(now);
        now
    }

    fn move_to(&self, now: Ticks) {
        self.now.store(now.0, Ordering::Relaxed);
        self.alarms.ring(now);
    }

    /// Sets the time, for tests.
    #[cfg(test)]
    pub(crate) fn set(&self, now: Ticks) {
        self.move_to(now);
    }

    /// Creates an alarm for a tick, to be set by [`Alarm::set_waker`].
    pub(crate) fn alarm(self: &Arc<Self>, tick: Ticks) -> Alarm {
        Alarm {
            clock: Arc::clone(self),
            key: self.alarms.key(tick),
        }
    }
}

impl Alarm {
    /// Sets the waker. If the tick has passed, it is woken at the next one.
    pub(crate) fn set_waker(&self, waker: &Waker) {
        self.clock.alarms.set(self.key, waker);
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clock.alarms.cancel(self.key);
    }
}
