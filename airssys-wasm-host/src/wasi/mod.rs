//! WASI 0.2 with an empty authority, but for what the rooms of `capability` give.
//!
//! No environment, no arguments, an empty stdin; every use of an address is asked about. A
//! guest may read the clocks and draw random numbers (every language's runtime does
//! while it starts), and what it prints goes to the host's log.
//! Tests: the workspace's `tests/suite/authority`, where a guest tries everything.

mod log_stream;

use std::sync::Arc;

use airssys_wasm_core::Limits;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::capability::{Authority, Told, checking};
use crate::observe::GuestStream;
pub(crate) use log_stream::{LogStream, Printer};

/// The context of one instance.
pub(crate) fn context(
    limits: &Limits,
    printer: &Arc<Printer>,
    authority: &Arc<Authority>,
    told: &Arc<Told>,
) -> WasiCtx {
    WasiCtxBuilder::new()
        .stdout(LogStream::new(Arc::clone(printer), GuestStream::Stdout))
        .stderr(LogStream::new(Arc::clone(printer), GuestStream::Stderr))
        .max_random_size(limits.random_bytes_max)
        .allow_ip_name_lookup(false)
        .allow_tcp(true)
        .allow_udp(true)
        .socket_addr_check(checking(Arc::clone(authority), Arc::clone(told)))
        .build()
}
