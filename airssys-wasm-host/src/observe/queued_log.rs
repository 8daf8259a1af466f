//! Queues guest output for the embedder's log, which may be slow.
//!
//! Tests: in this file, `tests/suite/observe.rs`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use airssys_wasm_core::ComponentName;
use parking_lot::Mutex;
use semver::Version;

use super::outbox::{Outbox, Room};
use super::{CallId, GuestLine, GuestLog, GuestStream};

/// Capacity in bytes of queued lines.
const ROOM: Room = Room {
    share_max: 256 << 10,
    total_max: 4 << 20,
};

/// Bytes that a line takes in addition to its text.
const LINE_BYTES: usize = 256;

/// A log that passes lines to another on a thread of its own. Lines that do not fit into its queue
/// are dropped and counted.
pub(crate) struct QueuedLog {
    outbox: Outbox<OwnLine>,
    /// The number of lines dropped since the last queued one, by deployment.
    dropped: Mutex<HashMap<ComponentName, u64>>,
    dropped_in_all: AtomicU64,
}

struct OwnLine {
    component: ComponentName,
    revision: u64,
    version: Option<Version>,
    call: CallId,
    stream: GuestStream,
    text: String,
    dropped_before: u64,
}

impl QueuedLog {
    pub(crate) fn new(log: Arc<dyn GuestLog>) -> Self {
        let outbox = Outbox::new("airssys-wasm-log", ROOM, move |line: OwnLine| {
            log.line(GuestLine {
                component: &line.component,
                revision: line.revision,
                version: line.version.as_ref(),
                call: line.call,
                stream: line.stream,
                text: &line.text,
                dropped_before: line.dropped_before,
            });
        });
        Self {
            outbox,
            dropped: Mutex::default(),
            dropped_in_all: AtomicU64::new(0),
        }
    }

    /// Returns the number of lines dropped since the host was built.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped_in_all.load(Ordering::Relaxed)
    }

    /// Waits until the log has taken all lines so far.
    pub(crate) async fn emptied(&self) {
        self.outbox.emptied().await;
    }
}

impl GuestLog for QueuedLog {
    fn line(&self, line: GuestLine<'_>) {
        let mut dropped = self.dropped.lock();
        let before = dropped.remove(line.component).unwrap_or(0) + line.dropped_before;
        let own = OwnLine {
            component: line.component.clone(),
            revision: line.revision,
            version: line.version.cloned(),
            call: line.call,
            stream: line.stream,
            text: line.text.to_owned(),
            dropped_before: before,
        };
        if self
            .outbox
            .put(line.component, line.text.len() + LINE_BYTES, own)
            .is_err()
        {
            dropped.insert(line.component.clone(), before + 1);
            self.dropped_in_all.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A log that takes nothing until it is released.
    struct Held {
        may: Mutex<mpsc::Receiver<()>>,
        taken: mpsc::Sender<(String, u64)>,
    }

    impl GuestLog for Held {
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
            component: &component,
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
        let log = QueuedLog::new(Arc::new(Held {
            may: Mutex::new(may),
            taken,
        }));
        let long = "x".repeat(8 << 10);
        for _ in 0..100 {
            print(&log, "loud", &long);
        }
        let dropped = log.dropped();
        let room = ROOM.share_max / (long.len() + LINE_BYTES);
        assert_eq!(dropped, 100 - room as u64);
        print(&log, "quiet", "heard");
        drop(go_on);
        let lines: Vec<_> = has_taken.iter().take(room + 1).collect();
        assert_eq!(
            lines.last(),
            Some(&("hear".to_owned(), 0)),
            "another deployment has its share"
        );
        log.emptied().await;
        print(&log, "loud", "last");
        drop(log);
        assert_eq!(
            has_taken.iter().last(),
            Some(("last".to_owned(), dropped)),
            "the next line has the count"
        );
    }
}
