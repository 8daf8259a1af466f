//! The processor time of the current thread.
//!
//! Tests: below.

use std::thread::{self, ThreadId};
use std::time::Duration;

/// How long a thread has computed, at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuTime {
    thread: ThreadId,
    computed: Duration,
}

impl CpuTime {
    /// Reads the current thread's.
    #[cfg(unix)]
    pub(crate) fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let computed = Duration::try_from(time).unwrap_or_default();
        Self {
            thread: thread::current().id(),
            computed,
        }
    }

    /// Takes all time for processor time, where a thread does not know its own.
    #[cfg(not(unix))]
    pub(crate) fn now() -> Self {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
        Self {
            thread: thread::current().id(),
            computed: since.unwrap_or_default(),
        }
    }

    /// How long the thread has computed since `earlier`; none if that was another thread.
    pub(crate) fn since(self, earlier: Self) -> Option<Duration> {
        (self.thread == earlier.thread).then(|| self.computed.saturating_sub(earlier.computed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_the_thread_computes_and_knows_threads_apart() {
        let before = CpuTime::now();
        while CpuTime::now().since(before).expect("the same thread") < Duration::from_millis(1) {}
        let elsewhere = thread::spawn(CpuTime::now).join().expect("a thread");
        assert_eq!(elsewhere.since(before), None);
    }
}
