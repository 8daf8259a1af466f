//! Whether the client of an HTTP/2 connection takes what it asks for.
//!
//! In HTTP/1 a client that does not read stops the socket, and there is a limit on that. In HTTP/2
//! it may stop one answer, or all, and the socket goes on: it answers pings, and nothing else.
//! Tests: the workspace's `tests/suite/http/patience`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

/// What goes on over one connection.
pub(super) struct Watch(Mutex<Answers>);

struct Answers {
    begun: u64,
    /// Those that have not ended, and since when each has waited for the client; none that waits
    /// for its guest.
    waiting: HashMap<u64, Option<Instant>>,
    /// When the last one ended.
    idle_since: Instant,
}

impl Watch {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Answers {
            begun: 0,
            waiting: HashMap::new(),
            idle_since: Instant::now(),
        })))
    }

    /// An answer begins: its guest has to say something first.
    pub(super) fn begin(self: &Arc<Self>) -> Watched {
        let mut answers = self.0.lock();
        answers.begun += 1;
        let number = answers.begun;
        answers.waiting.insert(number, None);
        Watched {
            watch: Arc::clone(self),
            number,
        }
    }

    /// Resolves when the client has taken nothing of an answer, or asked for nothing, for so long.
    pub(super) async fn until_given_up(&self, patience: Duration) {
        while !self.0.lock().is_given_up(patience) {
            sleep(patience / 4).await;
        }
    }
}

impl Answers {
    fn is_given_up(&self, patience: Duration) -> bool {
        let mut waiting = self.waiting.values().flatten();
        let is_idle = self.waiting.is_empty() && self.idle_since.elapsed() > patience;
        is_idle || waiting.any(|since| since.elapsed() > patience)
    }
}

/// One answer, until it is dropped.
pub(super) struct Watched {
    watch: Arc<Watch>,
    number: u64,
}

impl Watched {
    /// It was handed on: the next step is the client's.
    pub(super) fn waits_for_client(&self) {
        self.set(Some(Instant::now()));
    }

    pub(super) fn waits_for_guest(&self) {
        self.set(None);
    }

    fn set(&self, since: Option<Instant>) {
        self.watch.0.lock().waiting.insert(self.number, since);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut answers = self.watch.0.lock();
        answers.waiting.remove(&self.number);
        answers.idle_since = Instant::now();
    }
}
