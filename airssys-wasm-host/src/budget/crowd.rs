//! Detects deployments whose calls keep all processors busy: a crowd.
//!
//! A call computes its first slice without a permit. If calls are short and many, they would never
//! need one, and other deployments would wait behind them in the run queue. The calls of a crowd
//! therefore need a permit for their first slice as well.
//!
//! The deployments computing at a tick are a sample of processor use. A deployment becomes a crowd
//! when most samples are its own, and remains one while its calls have to wait for permits.
//!
//! Tests: in this file, `tests/suite/spinning.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::Ticks;

/// The length of a sampling window, in ticks.
const WINDOW: u64 = 8;

/// The time for which a deployment remains a crowd after the last sign.
const CROWD_DURATION: Ticks = Ticks(10);

/// The processor use of one deployment's calls.
#[derive(Default)]
pub(crate) struct CrowdDetector {
    /// The number of the last window, and its sample count in the lowest 16 bits.
    samples: AtomicU64,
    /// The tick until which the deployment is a crowd.
    until: AtomicU64,
}

impl CrowdDetector {
    #[inline]
    pub(crate) fn is_crowd(&self, now: Ticks) -> bool {
        now.0 < self.until.load(Ordering::Relaxed)
    }

    /// Counts a call that was computing without a permit at a tick. `at_once` is the number of
    /// calls that can compute at the same time.
    pub(crate) fn sample(&self, now: Ticks, at_once: usize) {
        let window = now.0 / WINDOW;
        let count = |samples: u64| {
            if samples >> 16 == window {
                samples + 1
            } else {
                window << 16 | 1
            }
        };
        // The closure always returns a value.
        let before = self
            .samples
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |samples| {
                Some(count(samples))
            })
            .unwrap_or_default();
        if count(before) & 0xffff >= WINDOW * at_once as u64 / 4 * 3 {
            self.mark(now);
        }
    }

    /// Marks the deployment as a crowd, because one of its calls has to wait for a permit.
    pub(crate) fn mark(&self, now: Ticks) {
        self.until
            .fetch_max(now.saturating_add(CROWD_DURATION).0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `a_tick` samples in each tick of a window, for two processors.
    fn sampled(a_tick: impl Fn(u64) -> u64) -> CrowdDetector {
        let crowd = CrowdDetector::default();
        for tick in 0..WINDOW {
            (0..a_tick(tick)).for_each(|_| crowd.sample(Ticks(tick), 2));
        }
        crowd
    }

    #[test]
    fn a_deployment_that_keeps_the_processors_busy_is_a_crowd_for_a_while() {
        let crowd = sampled(|_| 2);
        assert!(crowd.is_crowd(Ticks(WINDOW)));
        assert!(!crowd.is_crowd(Ticks(WINDOW).saturating_add(CROWD_DURATION)));
        crowd.mark(Ticks(WINDOW));
        assert!(crowd.is_crowd(Ticks(WINDOW + CROWD_DURATION.0 - 1)));
    }

    #[test]
    fn deployment_that_keeps_one_processor_busy_or_computes_occasionally_is_no_crowd() {
        assert!(!sampled(|_| 1).is_crowd(Ticks(WINDOW)));
        assert!(!sampled(|tick| 4 * (tick % 4 / 3)).is_crowd(Ticks(WINDOW)));
        let crowd = CrowdDetector::default();
        (0..100 * WINDOW)
            .step_by(2)
            .for_each(|tick| crowd.sample(Ticks(tick), 1));
        assert!(!crowd.is_crowd(Ticks(0)));
    }
}
