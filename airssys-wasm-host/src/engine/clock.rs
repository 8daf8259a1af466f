//! Time in ticks, read without asking the operating system.
//!
//! A call reads the clock once and writes nothing; the ticker moves it.
//! Tests: the workspace's `tests/limits`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use super::alarms::{Alarms, Key};

/// How often epochs and the clock advance.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// After how many ticks a guest that computes yields to its executor. Yielding at
/// every tick costs measurably; ten do not.
pub(crate) const YIELD_TICKS: u64 = 10;

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
#[derive(Debug, Default)]
pub(crate) struct Clock {
    now: AtomicU64,
    alarms: Alarms,
}

/// Wakes whoever it was last set for when its tick comes. Dropped, it does not.
pub(crate) struct Alarm {
    clock: Arc<Clock>,
    key: Key,
}

impl Clock {
    #[inline]
    pub(crate) fn now(&self) -> Ticks {
        Ticks(self.now.load(Ordering::Relaxed))
    }

    /// Sets the clock; it never runs backwards, for the ticker alone sets it.
    pub(super) fn set(&self, now: Ticks) {
        self.now.store(now.0, Ordering::Relaxed);
        self.alarms.ring(now);
    }

    /// An alarm for a tick; it is set for somebody by [`Alarm::wake`].
    pub(crate) fn alarm(self: &Arc<Self>, tick: Ticks) -> Alarm {
        Alarm { clock: Arc::clone(self), key: self.alarms.key(tick) }
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
