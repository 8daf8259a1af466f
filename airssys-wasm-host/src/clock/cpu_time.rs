//! The processor time of the current thread.
//!
//! Tests: in this file.

use std::thread::{self, ThreadId};
use std::time::Duration;

/// The processor time used by a thread at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuTime {
    thread: ThreadId,
    computed: Duration,
}

impl CpuTime {
    /// Reads the processor time of the current thread.
    #[cfg(unix)]
    pub(crate) fn now() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let computed = Duration::try_from(time).unwrap_or_default();
        Self {
            thread: thread::current().id(),
            computed,
        }
    }

    /// Treats all time as processor time, on systems that do not measure it per thread.
    #[cfg(not(unix))]
    pub(crate) fn now() -> Self {
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
        Self {
            thread: thread::current().id(),
            computed: since.unwrap_or_default(),
        }
    }

    /// Returns the processor time since `earlier`; `None` if that was read on another thread.
    pub(crate) fn since(self, earlier: Self) -> Option<Duration> {
        (self.thread == earlier.thread).then(|| self.computed.saturating_sub(earlier.computed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_one_thread_and_distinguishes_others() {
        let before = CpuTime::now();
        while CpuTime::now().since(before).expect("the same thread") < Duration::from_millis(1) {}
        let elsewhere = thread::spawn(CpuTime::now).join().expect("a thread");
        assert_eq!(elsewhere.since(before), None);
    }
}
