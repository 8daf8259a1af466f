//! A clock that tests can move.
//!
//! Tests: the workspace's `tests/suite/limits.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Moves the clock of a host forward, so that a test need not wait for deadlines and for the end
/// of grants. Time passes besides as it always does.
///
/// Clones move the same clock. See [`HostBuilder::test_clock`](crate::HostBuilder::test_clock).
///
/// ```
/// use std::time::Duration;
/// use airssys_wasm_host::{Host, TestClock};
///
/// let clock = TestClock::new();
/// let host = Host::builder().test_clock(&clock).build()?;
/// clock.advance(Duration::from_secs(3_600));
/// # Ok::<(), airssys_wasm_host::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TestClock {
    ahead_micros: Arc<AtomicU64>,
}

impl TestClock {
    /// Makes a clock that has not been moved.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock forward. Deadlines that have passed by then end their calls at the next
    /// tick of the host, some 10 ms later.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.ahead_micros.fetch_add(micros, Ordering::SeqCst);
    }

    pub(super) fn advanced(&self) -> Duration {
        Duration::from_micros(self.ahead_micros.load(Ordering::SeqCst))
    }
}
