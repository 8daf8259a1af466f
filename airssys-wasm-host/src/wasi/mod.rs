//! WASI 0.2 without any authority beyond that of `capability`.
//!
//! A guest has no environment of its own, and no arguments or stdin unless the embedder sets a
//! console. Every use of an address is checked. Clocks and random numbers are open to every guest,
//! because the runtime of every language needs them to start. Output goes to the guest log.
//! Tests: `tests/suite/authority.rs`.

mod console;
mod last_lines;
mod log_stream;
mod output;
mod printer;

use std::sync::Arc;

use airssys_wasm_core::Limits;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use crate::capability::{Authority, InstanceNetwork, address_check};
use crate::observe::GuestStream;
pub use console::Console;
use log_stream::LogStream;
pub(crate) use output::InstanceOutput;
pub(crate) use printer::Printer;

/// Creates the WASI context of an instance.
pub(crate) fn context(
    limits: &Limits,
    console: Option<&Console>,
    output: &Arc<InstanceOutput>,
    authority: &Arc<Authority>,
    told: &Arc<InstanceNetwork>,
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
        .socket_addr_check(address_check(Arc::clone(authority), Arc::clone(told)))
        .build()
}
