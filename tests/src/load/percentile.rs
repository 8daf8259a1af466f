//! Percentiles of latencies.

use std::time::Duration;

/// Sorts `latencies` and returns the one below which a `share` (0 to 1) of them lies, or zero if
/// `latencies` is empty.
#[must_use]
pub fn percentile(latencies: &mut [Duration], share: f64) -> Duration {
    latencies.sort_unstable();
    let rank = (latencies.len() as f64 * share).ceil() as usize;
    latencies
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_nearest_rank() {
        let mut latencies: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&mut latencies, 0.5), Duration::from_millis(50));
        assert_eq!(percentile(&mut latencies, 0.99), Duration::from_millis(99));
        assert_eq!(percentile(&mut latencies, 1.0), Duration::from_millis(100));
        assert_eq!(percentile(&mut [], 0.5), Duration::ZERO);
    }
}
