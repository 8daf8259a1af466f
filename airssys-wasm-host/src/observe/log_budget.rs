//! Limits the bytes that a revision may print per second.
//!
//! Tests: in this file, `tests/suite/limits.rs`.

use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::Ticks;

const WINDOW: Duration = Duration::from_secs(1);

/// The budget shared by all instances of a revision.
pub(crate) struct LogBudget {
    bytes_per_window: usize,
    window: Mutex<BudgetWindow>,
}

struct BudgetWindow {
    ends: Ticks,
    bytes_left: usize,
    dropped: u64,
}

impl LogBudget {
    pub(crate) fn new(bytes_per_second: usize) -> Self {
        let window = BudgetWindow {
            ends: Ticks(0),
            bytes_left: 0,
            dropped: 0,
        };
        Self {
            bytes_per_window: bytes_per_second,
            window: Mutex::new(window),
        }
    }

    /// Takes `bytes` for a line. Returns the number of lines dropped before it, or `None` if this
    /// line is dropped too.
    pub(crate) fn take(&self, bytes: usize, now: Ticks) -> Option<u64> {
        let mut window = self.window.lock();
        if now >= window.ends {
            window.ends = now.saturating_add(Ticks::from_duration(WINDOW));
            window.bytes_left = self.bytes_per_window;
        }
        match window.bytes_left.checked_sub(bytes) {
            Some(left) => {
                window.bytes_left = left;
                Some(std::mem::take(&mut window.dropped))
            }
            None => {
                window.dropped += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_lines_beyond_the_budget_and_counts_them() {
        let budget = LogBudget::new(10);
        assert_eq!(budget.take(6, Ticks(1)), Some(0));
        assert_eq!(budget.take(6, Ticks(1)), None);
        assert_eq!(budget.take(6, Ticks(2)), None);
        let next = Ticks(1).saturating_add(Ticks::from_duration(WINDOW));
        assert_eq!(budget.take(6, next), Some(2));
        assert_eq!(budget.take(4, next), Some(0));
    }
}
