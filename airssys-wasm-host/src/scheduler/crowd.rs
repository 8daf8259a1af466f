//! Tells whether the calls of one deployment keep all processors busy.
//!
//! A call computes its first slice without a permit. Where calls are short and many, that would be
//! all they compute, and others would wait behind all of them in the run queue. So the calls of a
//! crowd need a permit for their first slice as well.
//!
//! Who computes when a tick comes is a sample of who uses the processors. A crowd is there once most
//! samples are of one deployment, and for as long as its calls have to wait for permits.
//! Tests: below, and the workspace's `tests/suite/spinning.rs`.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::engine::Ticks;

/// Samples of so many ticks count together.
const WINDOW: u64 = 8;

/// How long a crowd is there after the last sign of it.
const LASTS: Ticks = Ticks(10);

/// The calls of one deployment, as far as they compute.
#[derive(Default)]
pub(crate) struct Crowd {
    /// The number of the last window, and its samples in the lowest 16 bits.
    samples: AtomicU64,
    /// The tick until which there is a crowd.
    until: AtomicU64,
}

impl Crowd {
    #[inline]
    pub(super) fn is_there(&self, now: Ticks) -> bool {
        now.0 < self.until.load(Ordering::Relaxed)
    }

    /// A call computed without a permit when a tick came. It is one of `at_once` that compute at
    /// the same time at most.
    pub(super) fn sample(&self, now: Ticks, at_once: usize) {
        let window = now.0 / WINDOW;
        let count = |samples: u64| {
            if samples >> 16 == window {
                samples + 1
            } else {
                window << 16 | 1
            }
        };
        // It always counts.
        let before = self
            .samples
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |samples| {
                Some(count(samples))
            })
            .unwrap_or_default();
        if count(before) & 0xffff >= WINDOW * at_once as u64 / 4 * 3 {
            self.stay(now);
        }
    }

    /// There is a crowd: a call has to wait for its permit.
    pub(super) fn stay(&self, now: Ticks) {
        self.until.fetch_max(now.plus(LASTS).0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples in each tick of a window, by two processors.
    fn sampled(a_tick: impl Fn(u64) -> u64) -> Crowd {
        let crowd = Crowd::default();
        for tick in 0..WINDOW {
            (0..a_tick(tick)).for_each(|_| crowd.sample(Ticks(tick), 2));
        }
        crowd
    }

    #[test]
    fn a_deployment_that_keeps_the_processors_busy_is_a_crowd_for_a_while() {
        let crowd = sampled(|_| 2);
        assert!(crowd.is_there(Ticks(WINDOW)));
        assert!(!crowd.is_there(Ticks(WINDOW).plus(LASTS)));
        crowd.stay(Ticks(WINDOW));
        assert!(crowd.is_there(Ticks(WINDOW + LASTS.0 - 1)));
    }

    #[test]
    fn one_that_keeps_a_processor_busy_or_computes_now_and_then_is_none() {
        assert!(!sampled(|_| 1).is_there(Ticks(WINDOW)));
        assert!(!sampled(|tick| 4 * (tick % 4 / 3)).is_there(Ticks(WINDOW)));
        let crowd = Crowd::default();
        (0..100 * WINDOW)
            .step_by(2)
            .for_each(|tick| crowd.sample(Ticks(tick), 1));
        assert!(!crowd.is_there(Ticks(0)));
    }
}
