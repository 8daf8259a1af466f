//! WASI 0.2 with an empty authority, but for what the rooms of `capability` give.
//!
//! No environment, and no arguments and an empty stdin unless the embedder gives a console; every
//! use of an address is asked about. A
//! guest may read the clocks and draw random numbers (every language's runtime does
//! while it starts), and what it prints goes to the host's log.
//! Tests: the workspace's `tests/suite/authority`, where a guest tries everything.

mod console;
mod last_lines;
mod log_stream;
mod output;
mod printer;

use std::sync::Arc;

use airssys_wasm_core::Limits;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::capability::{Authority, Told, checking};
use crate::observe::GuestStream;
pub use console::Console;
use log_stream::LogStream;
pub(crate) use output::Output;
pub(crate) use printer::Printer;

/// The context of one instance.
pub(crate) fn context(
    limits: &Limits,
    console: Option<&Console>,
    output: &Arc<Output>,
    authority: &Arc<Authority>,
    told: &Arc<Told>,
) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    if let Some(stdin) = console.and_then(Console::stdin_stream) {
        builder.stdin(stdin);
    }
    builder
        .stdout(LogStream::new(output, GuestStream::Stdout))
        .stderr(LogStream::new(output, GuestStream::Stderr))
        .max_random_size(limits.random_bytes_max)
        .allow_ip_name_lookup(false)
        .allow_tcp(true)
        .allow_udp(true)
        .socket_addr_check(checking(Arc::clone(authority), Arc::clone(told)))
        .build()
}
