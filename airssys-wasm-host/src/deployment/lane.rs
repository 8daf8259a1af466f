//! Assigns threads to lanes, so that threads seldom share cache lines.
//!
//! Only spreads load: any lane would be correct.
//! Tests: in this file.

use std::thread::available_parallelism;

thread_local! {
    /// A variable whose address distinguishes threads.
    static THREAD_MARKER: u8 = const { 0 };
}

/// Returns the number of lanes of a revision: enough that threads seldom share one. Called once per
/// host, because querying the operating system is slow.
pub(crate) fn lane_count() -> usize {
    available_parallelism()
        .map_or(1, |threads| threads.get().next_power_of_two() * 4)
        .min(64)
}

/// Returns the lane of the current thread. `count` is the number of lanes, a power of two.
#[inline]
pub(super) fn current_lane(count: usize) -> usize {
    let address = THREAD_MARKER.with(|here| std::ptr::from_ref(here) as usize);
    let spread = (address >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread >> 32) & (count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_lane_and_threads_spread() {
        assert_eq!(current_lane(64), current_lane(64));
        assert!(lane_count().is_power_of_two());
        let lanes: Vec<_> = (0..16)
            .map(|_| {
                std::thread::spawn(|| {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    current_lane(64)
                })
            })
            .collect();
        let mut lanes: Vec<_> = lanes
            .into_iter()
            .map(|lane| lane.join().expect("a lane"))
            .collect();
        lanes.sort_unstable();
        lanes.dedup();
        assert!(lanes.len() > 4, "{lanes:?}");
    }
}
