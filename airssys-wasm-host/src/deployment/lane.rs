//! Which lane a thread's calls take, so that threads meet on few cache lines.
//!
//! Only spreads load: any lane would be correct. Tests: below.

use std::thread::available_parallelism;

thread_local! {
    /// Its address tells one thread from another.
    static HERE: u8 = const { 0 };
}

/// How many lanes a serving has: enough that threads seldom share one. Asks the
/// operating system at length, so it is asked once a host.
pub(crate) fn count() -> usize {
    available_parallelism()
        .map_or(1, |threads| threads.get().next_power_of_two() * 4)
        .min(64)
}

/// The lane of the current thread, of `count`, a power of two.
#[inline]
pub(super) fn of_this_thread(count: usize) -> usize {
    let address = HERE.with(|here| std::ptr::from_ref(here) as usize);
    let spread = (address >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread >> 32) & (count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_lane_and_threads_spread() {
        assert_eq!(of_this_thread(64), of_this_thread(64));
        assert!(count().is_power_of_two());
        let lanes: Vec<_> = (0..16)
            .map(|_| {
                std::thread::spawn(|| {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                    of_this_thread(64)
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
