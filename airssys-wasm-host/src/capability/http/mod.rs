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
mod connection;
mod pool;
mod send;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime_wasi_http::WasiHttpCtx;

pub(crate) use connect::Connector;
pub(crate) use pool::ConnectionPool;
pub(crate) use send::HttpSender;
#[cfg(feature = "http")]
pub(crate) use send::content_length;

use super::{Authority, OpenCapabilities};
use crate::clock::Clock;
use crate::observe::CallId;

/// The state of this capability in an instance.
pub(crate) struct OutgoingHttp {
    pub(crate) context: WasiHttpCtx,
    pub(crate) sender: HttpSender,
}

impl OutgoingHttp {
    pub(crate) fn new(
        authority: &Arc<Authority>,
        rooms: &Arc<OpenCapabilities>,
        clock: &Arc<Clock>,
        call: CallId,
        gone: &LifetimeFlag,
    ) -> Self {
        Self {
            context: WasiHttpCtx::new(),
            sender: HttpSender::new(authority, rooms, clock, call, gone),
        }
    }
}

/// A flag that is set once an instance has ended, before its handles are dropped: the end of a
/// dropped body looks like the end of a complete one.
#[derive(Default)]
pub(crate) struct LifetimeFlag(Arc<AtomicBool>);

impl LifetimeFlag {
    /// Marks the instance as ended.
    pub(crate) fn mark_ended(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Drop for LifetimeFlag {
    fn drop(&mut self) {
        self.mark_ended();
    }
}
