//! The WASI context of an instance, which has no authority of its own.
//!
//! A guest has no environment of its own, and no arguments or stdin unless the embedder sets a
//! console. Every use of an address is checked. Output goes to the guest log.
//! Tests: `tests/suite/authority.rs`.

use airssys_wasm_core::Limits;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use super::log_stream::LogStream;
use super::{Console, InstanceBaseline};
use crate::capability::sockets::InstanceSockets;
use crate::data::Slots;
use crate::observe::GuestStream;

/// Creates the WASI context of an instance from its slots for output and, if it has one, sockets.
pub(crate) fn wasi_context(limits: &Limits, slots: &Slots) -> WasiCtx {
    let InstanceBaseline { output, .. } = slots.get().expect("the baseline adds it");
    let mut builder = WasiCtxBuilder::new();
    if let Some(stdin) = output.console().and_then(Console::stdin_stream) {
        builder.stdin(stdin);
    }
    builder
        .stdout(LogStream::new(output, GuestStream::Stdout))
        .stderr(LogStream::new(output, GuestStream::Stderr))
        .max_random_size(limits.random_bytes_max)
        .allow_ip_name_lookup(false)
        .allow_tcp(false)
        .allow_udp(false);
    if let Some(sockets) = slots.get::<InstanceSockets>() {
        builder
            .allow_tcp(true)
            .allow_udp(true)
            .socket_addr_check(sockets.address_check());
    }
    builder.build()
}
