//! Counts of the items and attempts of a unit.
//!
//! Tests: in this file.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A count that only grows.
#[derive(Debug, Default)]
pub(in super::super) struct EventCount(AtomicU64);

/// The number of buckets: powers of two of nanoseconds, up to a quarter of an hour.
const BUCKETS: usize = 40;

/// The counts that [`StageStatus`](super::super::StageStatus) shows.
#[derive(Debug)]
pub(in super::super) struct Counters {
    pub(in super::super) retried: EventCount,
    pub(in super::super) skipped: EventCount,
    pub(in super::super) dead_letters: EventCount,
    pub(in super::super) unrouted: EventCount,
    pub(in super::super) unmatched: EventCount,
    durations: [EventCount; BUCKETS],
}

impl EventCount {
    pub(in super::super) fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(in super::super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            retried: EventCount::default(),
            skipped: EventCount::default(),
            dead_letters: EventCount::default(),
            unrouted: EventCount::default(),
            unmatched: EventCount::default(),
            durations: std::array::from_fn(|_| EventCount::default()),
        }
    }
}

impl Counters {
    /// Counts an attempt that began at `begun`. Returns the time when it ended.
    #[inline]
    pub(super) fn count_attempt(&self, begun: Instant) -> Instant {
        let ended = Instant::now();
        let nanoseconds = u64::try_from(ended.duration_since(begun).as_nanos()).unwrap_or(u64::MAX);
        self.durations[(nanoseconds.max(1).ilog2() as usize).min(BUCKETS - 1)].increment();
        ended
    }

    /// Returns the number of attempts so far.
    pub(in super::super) fn attempts(&self) -> u64 {
        self.durations.iter().map(EventCount::get).sum()
    }

    /// Returns the upper end of the bucket that 99 of 100 attempts do not exceed.
    pub(in super::super) fn p99(&self) -> Duration {
        let took: Vec<u64> = self.durations.iter().map(EventCount::get).collect();
        let enough = (took.iter().sum::<u64>() * 99).div_ceil(100);
        let mut within = 0;
        let bucket = took.iter().position(|count| {
            within += count;
            within >= enough && within > 0
        });
        bucket.map_or(Duration::ZERO, |bucket| Duration::from_nanos(2 << bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p99_is_the_bucket_that_99_of_100_attempts_are_within() {
        let counters = Counters::default();
        assert_eq!(counters.p99(), Duration::ZERO);
        let times = |nanoseconds: u64, count: usize| {
            let bucket = &counters.durations[nanoseconds.ilog2() as usize];
            (0..count).for_each(|_| bucket.increment());
        };
        times(1_000, 1);
        assert_eq!(counters.p99(), Duration::from_nanos(1_024));
        times(1_000, 149);
        times(1_000_000, 1);
        assert_eq!(counters.p99(), Duration::from_nanos(1_024), "150 of 151");
        times(1_000_000, 10);
        assert_eq!(
            counters.p99(),
            Duration::from_nanos(1_048_576),
            "150 of 161"
        );
    }
}
