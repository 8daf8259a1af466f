//! Bindings generated from `wit`, for the interfaces that the host provides beyond those of
//! wasmtime.

wasmtime::component::bindgen!({
    path: [
        "../wit/deps/io.wit",
        "../wit/deps/clocks.wit",
        "../wit/deps/sockets.wit",
        "../wit/deps/config",
        "../wit/deps/logging",
        "../wit/secrets",
        "../wit/host",
    ],
    world: "airssys:host/provides",
    imports: {
        "airssys:secrets/store.get": async | trappable,
        default: trappable,
    },
    trappable_error_type: {
        "wasi:sockets/network.error-code" => wasmtime_wasi::p2::SocketError,
    },
    with: {
        "wasi:io/error": wasmtime_wasi::p2::bindings::io::error,
        "wasi:io/poll": wasmtime_wasi::p2::bindings::io::poll,
        "wasi:sockets/network": wasmtime_wasi::p2::bindings::sockets::network,
        "wasi:sockets/ip-name-lookup.resolve-address-stream": super::sockets::AddressLookup,
    },
});

pub(crate) use airssys::secrets::store as secrets;
pub(crate) use wasi::config::store as config;
pub(crate) use wasi::logging::logging;
pub(crate) use wasi::sockets::ip_name_lookup;
