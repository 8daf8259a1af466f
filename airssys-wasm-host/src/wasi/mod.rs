//! WASI 0.2 with an empty authority.
//!
//! No files, no environment, no arguments, no sockets, no names, an empty stdin.
//! A guest may read the clocks and draw random numbers (every language's runtime
//! does while it starts), and what it prints goes to the host's log. Grants will
//! widen this room; nothing else does.
//! Tests: the workspace's `tests/authority`, where a guest tries everything.

mod log_stream;

use std::sync::Arc;

use airssys_wasm_core::Limits;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::observe::GuestStream;
pub(crate) use log_stream::{LogStream, Printer};

/// The context of one instance.
pub(crate) fn empty_authority(limits: &Limits, printer: &Arc<Printer>) -> WasiCtx {
    WasiCtxBuilder::new()
        .stdout(LogStream::new(Arc::clone(printer), GuestStream::Stdout))
        .stderr(LogStream::new(Arc::clone(printer), GuestStream::Stderr))
        .max_random_size(limits.random_bytes_max)
        .allow_ip_name_lookup(false)
        .allow_tcp(false)
        .allow_udp(false)
        .build()
}
