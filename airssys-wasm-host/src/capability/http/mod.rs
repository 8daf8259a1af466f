//! Outgoing HTTP requests.
//!
//! | file | what it does |
//! |---|---|
//! | `send` | asks, and sends to where it asked about |
//! | `connect` | connects to an address that was checked, with TLS where it is asked for |
//! | `line` | a connection, and which HTTP is spoken over it |
//! | `pool` | keeps connections for further requests of the same component to the same place |
//! | `body` | the answer's body, whose parts come in time |
//!
//! The URL is read once, and what that reading gave is what is asked about, resolved,
//! connected to and sent. Redirects are the guest's to follow, and are asked about like
//! any request. No proxy is used, whatever the environment says.
//! Tests: the workspace's `tests/attacks` and `tests/suite/capabilities/http`.

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

/// What an instance has of this room.
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

/// Tells that an instance is gone, once it is dropped: before its handles are, whose ends look
/// like the ends of what they wrote.
#[derive(Default)]
pub(crate) struct Gone(Arc<AtomicBool>);

impl Gone {
    /// Says that the instance is gone.
    pub(crate) fn tell(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.tell();
    }
}
