//! Outgoing HTTP requests.
//!
//! | file | contents |
//! |---|---|
//! | `send` | checks a request, and sends it to the addresses that were checked |
//! | `connect` | connections to checked addresses, with TLS if requested |
//! | `line` | an open connection, for HTTP/1.1 or HTTP/2 |
//! | `pool` | idle connections, reused for requests of the same component to the same origin |
//! | `body` | bodies of requests, and of responses with a time limit between chunks |
//!
//! The URL is parsed once, and the result is what is checked, resolved, connected to and sent.
//! Redirects are left to the guest to follow, and are checked like any request. No proxy is used,
//! whatever the environment variables say.
//! Tests: `tests/attacks`, `tests/suite/capabilities/http.rs`.

mod body;
mod connect;
mod line;
mod pool;
mod send;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime_wasi_http::WasiHttpCtx;

pub(crate) use connect::Connector;
pub(crate) use pool::Pool;
pub(crate) use send::Sender;
#[cfg(feature = "http")]
pub(crate) use send::length;

use super::{Authority, Rooms};
use crate::engine::Clock;
use crate::observe::CallId;

/// The state of this capability in an instance.
pub(crate) struct Http {
    pub(crate) context: WasiHttpCtx,
    pub(crate) sender: Sender,
}

impl Http {
    pub(crate) fn new(
        authority: &Arc<Authority>,
        rooms: &Arc<Rooms>,
        clock: &Arc<Clock>,
        call: CallId,
        gone: &Gone,
    ) -> Self {
        Self {
            context: WasiHttpCtx::new(),
            sender: Sender::new(authority, rooms, clock, call, gone),
        }
    }
}

/// A flag that is set once an instance has ended, before its handles are dropped: the end of a
/// dropped body looks like the end of a complete one.
#[derive(Default)]
pub(crate) struct Gone(Arc<AtomicBool>);

impl Gone {
    /// Marks the instance as ended.
    pub(crate) fn tell(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.tell();
    }
}
