//! Time in ticks, read without asking the operating system.
//!
//! A call reads the clock once and writes nothing; the ticker moves it.
//! Tests: the workspace's `tests/limits`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often epochs and the clock advance.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// After how many ticks a guest that computes yields to its executor. Yielding at
/// every tick costs measurably; ten do not.
pub(crate) const YIELD_TICKS: u64 = 10;

/// A point in time, or a length of it, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticks(pub(crate) u64);

impl Ticks {
    /// A duration, rounded up to whole ticks.
    pub(crate) fn lasting(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros().div_ceil(TICK.as_micros())).unwrap_or(u64::MAX))
    }

    #[inline]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The time until this point, seen from `now`.
    pub(crate) fn after(self, now: Self) -> Duration {
        TICK.saturating_mul(u32::try_from(self.0.saturating_sub(now.0)).unwrap_or(u32::MAX))
    }
}

/// Counts ticks since the host was built.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    #[inline]
    pub(crate) fn now(&self) -> Ticks {
        Ticks(self.0.load(Ordering::Relaxed))
    }

    /// Sets the clock; it never runs backwards, for the ticker alone sets it.
    pub(super) fn set(&self, now: Ticks) {
        self.0.store(now.0, Ordering::Relaxed);
    }
}
