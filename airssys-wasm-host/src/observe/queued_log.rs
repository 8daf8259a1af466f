//! Queues guest output for the embedder's log, which may be slow.
//!
//! Tests: in this file, `tests/suite/observe.rs`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;
use semver::Version;

use super::outbox::{Outbox, QueueCapacity};
use super::{CallId, GuestLine, GuestLog, GuestStream};

/// Capacity in bytes of queued lines.
const QUEUE_CAPACITY: QueueCapacity = QueueCapacity {
    share_max: 256 << 10,
    total_max: 4 << 20,
};

/// Bytes that a line takes in addition to its text.
const LINE_BYTES: usize = 256;

/// A log that passes lines to another on a thread of its own. Lines that do not fit into its queue
/// are dropped and counted.
pub(crate) struct QueuedLog {
    outbox: Outbox<OwnedLine>,
    /// The number of lines dropped since the last queued one, by deployment.
    dropped: Mutex<HashMap<ComponentName, u64>>,
    dropped_total: AtomicU64,
}

struct OwnedLine {
    deployment: ComponentName,
    revision: u64,
    version: Option<Version>,
    call: CallId,
    stream: GuestStream,
    text: String,
    dropped_before: u64,
}

impl QueuedLog {
    pub(crate) fn new(log: Arc<dyn GuestLog>) -> Self {
        let outbox = Outbox::new(
            "airssys-wasm-log",
            QUEUE_CAPACITY,
            move |line: OwnedLine| {
                log.line(GuestLine {
                    deployment: &line.deployment,
                    revision: line.revision,
                    version: line.version.as_ref(),
                    call: line.call,
                    stream: line.stream,
                    text: &line.text,
                    dropped_before: line.dropped_before,
                });
            },
        );
        Self {
            outbox,
            dropped: Mutex::default(),
            dropped_total: AtomicU64::new(0),
        }
    }

    /// Returns the number of lines dropped since the host was built.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped_total.load(Ordering::Relaxed)
    }

    /// Waits until the log has taken all lines so far.
    pub(crate) async fn wait_until_empty(&self) {
        self.outbox.wait_until_empty().await;
    }
}

impl GuestLog for QueuedLog {
    fn line(&self, line: GuestLine<'_>) {
        let mut dropped = self.dropped.lock();
        let before = dropped.remove(line.deployment).unwrap_or(0) + line.dropped_before;
        let own = OwnedLine {
            deployment: line.deployment.clone(),
            revision: line.revision,
            version: line.version.cloned(),
            call: line.call,
            stream: line.stream,
            text: line.text.to_owned(),
            dropped_before: before,
        };
        if self
            .outbox
            .put(line.deployment, line.text.len() + LINE_BYTES, own)
            .is_err()
        {
            dropped.insert(line.deployment.clone(), before + 1);
            self.dropped_total.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A log that takes nothing until it is released.
    struct BlockedGuestLog {
        may: Mutex<mpsc::Receiver<()>>,
        taken: mpsc::Sender<(String, u64)>,
    }

    impl GuestLog for BlockedGuestLog {
        fn line(&self, line: GuestLine<'_>) {
            let _ = self.may.lock().recv();
            let _ = self
                .taken
                .send((line.text.chars().take(4).collect(), line.dropped_before));
        }
    }

    fn print(log: &QueuedLog, component: &str, text: &str) {
        let component = component.parse().expect("a name");
        let stream = GuestStream::Stdout;
        log.line(GuestLine {
            deployment: &component,
            revision: 1,
            version: None,
            call: CallId::default(),
            stream,
            text,
            dropped_before: 0,
        });
    }

    #[tokio::test]
    async fn a_slow_log_delays_nobody_and_what_it_misses_is_counted() {
        let (go_on, may) = mpsc::channel();
        let (taken, has_taken) = mpsc::channel();
        let log = QueuedLog::new(Arc::new(BlockedGuestLog {
            may: Mutex::new(may),
            taken,
        }));
        let long = "x".repeat(8 << 10);
        for _ in 0..100 {
            print(&log, "loud", &long);
        }
        let dropped = log.dropped();
        let room = QUEUE_CAPACITY.share_max / (long.len() + LINE_BYTES);
        assert_eq!(dropped, 100 - room as u64);
        print(&log, "quiet", "heard");
        drop(go_on);
        let lines: Vec<_> = has_taken.iter().take(room + 1).collect();
        assert_eq!(
            lines.last(),
            Some(&("hear".to_owned(), 0)),
            "another deployment has its share"
        );
        log.wait_until_empty().await;
        print(&log, "loud", "last");
        drop(log);
        assert_eq!(
            has_taken.iter().last(),
            Some(("last".to_owned(), dropped)),
            "the next line has the count"
        );
    }
}
