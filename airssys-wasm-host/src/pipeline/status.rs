//! What a pipeline has done so far, stage by stage.
//!
//! Tests: the workspace's `tests/suite/pipelines`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use airssys_wasm_core::ComponentName;

use super::unit::count;

/// A pipeline at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PipelineStatus {
    /// Its name.
    pub pipeline: ComponentName,
    /// Items inside now.
    pub in_flight: usize,
    /// Its stages; those that were fused are one.
    pub stages: Vec<StageStatus>,
}

/// A stage at one moment, and what it has done since it was deployed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageStatus {
    /// The stages: several if they were fused.
    pub stages: Vec<String>,
    /// The deployment that runs them.
    pub component: ComponentName,
    /// The revision that serves.
    pub revision: u64,
    /// Items that are worked on.
    pub running: usize,
    /// Items that wait for their turn.
    pub waiting: u64,
    /// Attempts so far.
    pub attempts: u64,
    /// Attempts that were made again.
    pub retried: u64,
    /// Items that were left out.
    pub skipped: u64,
    /// Items that were put aside.
    pub dead_letters: u64,
    /// Results and errors that took no edge: no condition held for them.
    pub unrouted: u64,
    /// Items, or their parts, that others never came to join: at a stage with several inputs
    /// what the other inputs wanted, at a source or an input what another source had no more.
    pub unmatched: u64,
    /// 99 of 100 attempts took no longer; to the next power of two.
    pub p99: Duration,
}

/// Powers of two of nanoseconds, up to a quarter of an hour.
const BUCKETS: usize = 40;

#[derive(Debug)]
pub(super) struct Counters {
    retried: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) dead_letters: AtomicU64,
    pub(super) unrouted: AtomicU64,
    pub(super) unmatched: AtomicU64,
    pub(super) waiting: AtomicU64,
    took: [AtomicU64; BUCKETS],
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
            took: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl Counters {
    /// Counts an attempt that began then; says when it ended.
    pub(super) fn tried(&self, begun: Instant) -> Instant {
        let ended = Instant::now();
        let nanoseconds = u64::try_from(ended.duration_since(begun).as_nanos()).unwrap_or(u64::MAX);
        count(&self.took[(nanoseconds.max(1).ilog2() as usize).min(BUCKETS - 1)]);
        ended
    }

    /// Counts an item that waits, until what this returns is dropped.
    pub(super) fn wait(&self) -> Waiting<'_> {
        count(&self.waiting);
        Waiting(&self.waiting)
    }

    pub(super) fn retried(&self) {
        count(&self.retried);
    }

    pub(super) fn attempts_so_far(&self) -> u64 {
        self.took
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .sum()
    }

    pub(super) fn retried_so_far(&self) -> u64 {
        self.retried.load(Ordering::Relaxed)
    }

    /// The upper end of the bucket that 99 of 100 attempts are within.
    pub(super) fn p99(&self) -> Duration {
        let took: Vec<u64> = self
            .took
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

/// An item waits.
pub(super) struct Waiting<'a>(&'a AtomicU64);

impl Drop for Waiting<'_> {
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
            counters.took[nanoseconds.ilog2() as usize].fetch_add(count as u64, Ordering::Relaxed);
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
