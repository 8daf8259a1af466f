//! Snapshots of a pipeline, stage by stage.
//!
//! Tests: `tests/suite/pipelines`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use airssys_wasm_core::ComponentName;

use super::unit::increment;

/// The state of a pipeline at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PipelineStatus {
    /// The name of the pipeline.
    pub pipeline: ComponentName,
    /// The number of items inside.
    pub in_flight: usize,
    /// The stages; those that are fused count as one.
    pub stages: Vec<StageStatus>,
}

/// The state of a stage at one moment, with counts since it was deployed or restored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageStatus {
    /// The names of the stages: several if they are fused.
    pub stages: Vec<String>,
    /// The name of the deployment that runs them.
    pub component: ComponentName,
    /// The number of the active revision.
    pub revision: u64,
    /// The number of items in progress.
    pub running: usize,
    /// The number of items in the queue.
    pub waiting: u64,
    /// The number of attempts so far.
    pub attempts: u64,
    /// The number of retries.
    pub retried: u64,
    /// The number of items that were skipped.
    pub skipped: u64,
    /// The number of items that became dead letters.
    pub dead_letters: u64,
    /// The number of results and errors that took no edge, because no condition held for them.
    pub unrouted: u64,
    /// The number of items, or parts of them, that were not joined with others: at a stage with
    /// several inputs, because nothing arrived at the other inputs; at a source or an input,
    /// because another source was at its end.
    pub unmatched: u64,
    /// The time that 99 of 100 attempts did not exceed, rounded up to the next power of two in
    /// nanoseconds.
    pub p99: Duration,
}

/// The number of buckets: powers of two of nanoseconds, up to a quarter of an hour.
const BUCKETS: usize = 40;

#[derive(Debug)]
pub(super) struct Counters {
    retried: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) dead_letters: AtomicU64,
    pub(super) unrouted: AtomicU64,
    pub(super) unmatched: AtomicU64,
    pub(super) waiting: AtomicU64,
    durations: [AtomicU64; BUCKETS],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            retried: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            dead_letters: AtomicU64::new(0),
            unrouted: AtomicU64::new(0),
            unmatched: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            durations: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Counters {
    /// Counts an attempt that began at `begun`. Returns the time when it ended.
    pub(super) fn count_attempt(&self, begun: Instant) -> Instant {
        let ended = Instant::now();
        let nanoseconds = u64::try_from(ended.duration_since(begun).as_nanos()).unwrap_or(u64::MAX);
        increment(&self.durations[(nanoseconds.max(1).ilog2() as usize).min(BUCKETS - 1)]);
        ended
    }

    /// Counts a waiting item until the returned guard is dropped.
    pub(super) fn count_waiting(&self) -> WaitingItem<'_> {
        increment(&self.waiting);
        WaitingItem(&self.waiting)
    }

    pub(super) fn count_retry(&self) {
        increment(&self.retried);
    }

    pub(super) fn attempts_so_far(&self) -> u64 {
        self.durations
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .sum()
    }

    pub(super) fn retried_so_far(&self) -> u64 {
        self.retried.load(Ordering::Relaxed)
    }

    /// Returns the upper end of the bucket that 99 of 100 attempts do not exceed.
    pub(super) fn p99(&self) -> Duration {
        let took: Vec<u64> = self
            .durations
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        let enough = (took.iter().sum::<u64>() * 99).div_ceil(100);
        let mut within = 0;
        let bucket = took.iter().position(|count| {
            within += count;
            within >= enough && within > 0
        });
        bucket.map_or(Duration::ZERO, |bucket| Duration::from_nanos(2 << bucket))
    }
}

/// A guard that counts a waiting item.
pub(super) struct WaitingItem<'a>(&'a AtomicU64);

impl Drop for WaitingItem<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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
            counters.durations[nanoseconds.ilog2() as usize]
                .fetch_add(count as u64, Ordering::Relaxed);
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
