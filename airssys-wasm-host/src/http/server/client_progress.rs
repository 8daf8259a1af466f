//! Detects clients of HTTP/2 connections that stop reading.
//!
//! In HTTP/1 a client that does not read stops the socket, which has a timeout. In HTTP/2 it can
//! stop one response, or all, while the socket stays in use: it answers pings, and nothing else.
//!
//! Tests: `tests/suite/http/slow_clients.rs`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

/// The responses in progress on one connection.
pub(super) struct ClientWatch(Mutex<OpenResponses>);

struct OpenResponses {
    begun: u64,
    /// The open responses, with the time since which each waits for the client; `None` while it
    /// waits for its guest.
    waiting: HashMap<u64, Option<Instant>>,
    /// The time at which the last response ended.
    idle_since: Instant,
}

impl ClientWatch {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(OpenResponses {
            begun: 0,
            waiting: HashMap::new(),
            idle_since: Instant::now(),
        })))
    }

    /// Registers a response that waits for its guest.
    pub(super) fn begin(self: &Arc<Self>) -> ResponseWatch {
        let mut responses = self.0.lock();
        responses.begun += 1;
        let number = responses.begun;
        responses.waiting.insert(number, None);
        ResponseWatch {
            watch: Arc::clone(self),
            number,
        }
    }

    /// Resolves when the client has taken nothing of a response, or sent no request, for longer
    /// than `client_timeout`.
    pub(super) async fn wait_until_stalled(&self, client_timeout: Duration) {
        while !self.0.lock().is_stalled(client_timeout) {
            sleep(client_timeout / 4).await;
        }
    }
}

impl OpenResponses {
    fn is_stalled(&self, client_timeout: Duration) -> bool {
        let mut waiting = self.waiting.values().flatten();
        let is_idle = self.waiting.is_empty() && self.idle_since.elapsed() > client_timeout;
        is_idle || waiting.any(|since| since.elapsed() > client_timeout)
    }
}

/// A response in progress, until it is dropped.
pub(super) struct ResponseWatch {
    watch: Arc<ClientWatch>,
    number: u64,
}

impl ResponseWatch {
    /// Records that data was passed on, so that the response waits for the client.
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

impl Drop for ResponseWatch {
    fn drop(&mut self) {
        let mut responses = self.watch.0.lock();
        responses.waiting.remove(&self.number);
        responses.idle_since = Instant::now();
    }
}
