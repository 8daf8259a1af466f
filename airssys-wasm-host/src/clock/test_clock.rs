//! A clock that tests can advance.
//!
//! Tests: `tests/suite/limits.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A handle that advances the clock of a host, so that tests need not wait for deadlines or the
/// expiry of grants. Real time passes in addition.
///
/// Clones share the same clock. See [`HostBuilder::test_clock`](crate::HostBuilder::test_clock).
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
    /// Creates a clock that has not been advanced.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Advances the clock. Calls whose deadlines have passed end at the host's next tick, within
    /// about 10 ms.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.ahead_micros.fetch_add(micros, Ordering::SeqCst);
    }

    pub(super) fn offset(&self) -> Duration {
        Duration::from_micros(self.ahead_micros.load(Ordering::SeqCst))
    }
}
