//! Links everything that a component can import, once per engine.
//!
//! Linking grants nothing: every capability asks for permission at each use. The additional
//! interfaces of WASI 0.3 are linked only where async functions can run, for HTTP services.
//! Tests: `tests/attacks`.

use wasmtime::component::Linker;
use wasmtime_wasi::cli::WasiCli;
use wasmtime_wasi::p2::bindings::{cli, filesystem, random, sockets};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::WasiSockets;
use wasmtime_wasi_http::WasiHttp;
use wasmtime_wasi_http::p2::bindings::http;

use super::bindings;
use super::config::Config;
use super::environment::Environment;
use super::files::OpenFiles;
use super::logging::Logging;
use super::secrets::Secrets;
use super::sockets::{Sockets, shadow_wasmtime};
use crate::engine::Profile;
use crate::instance::InstanceState as State;

/// Links the interfaces that the host itself provides.
pub(crate) fn link(linker: &mut Linker<State>, profile: Profile) -> wasmtime::Result<()> {
    link_unrestricted(linker)?;
    link_service(linker, profile)?;
    filesystem::types::add_to_linker::<State, OpenFiles>(linker, State::files)?;
    filesystem::preopens::add_to_linker::<State, OpenFiles>(linker, State::files)?;
    cli::environment::add_to_linker::<State, Environment>(linker, State::environment)?;
    link_sockets(linker)?;
    http::outgoing_handler::add_to_linker::<State, WasiHttp>(linker, State::http)?;
    http::types::add_to_linker::<State, WasiHttp>(
        linker,
        &http::types::LinkOptions::default(),
        State::http,
    )?;
    bindings::config::add_to_linker::<State, Config>(linker, State::config)?;
    bindings::secrets::add_to_linker::<State, Secrets>(linker, State::secrets)?;
    bindings::logging::add_to_linker::<State, Logging>(linker, State::logging)
}

/// Links what every component may use: streams, clocks, random numbers, and output.
fn link_unrestricted(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    random::insecure::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    cli::exit::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(linker, State::cli)
}

/// Links the imports of the world `wasi:http/service` of WASI 0.3.
#[cfg(feature = "http")]
fn link_service(linker: &mut Linker<State>, profile: Profile) -> wasmtime::Result<()> {
    use wasmtime_wasi::p3::bindings::{cli, random};
    use wasmtime_wasi_http::p3::bindings::http;

    if !profile.concurrency {
        return Ok(());
    }
    wasmtime_wasi::p3::clocks::add_to_linker(linker)?;
    random::random::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    random::insecure::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(linker, State::random)?;
    cli::stdin::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(linker, State::cli)?;
    http::client::add_to_linker::<State, WasiHttp>(linker, State::http)?;
    http::types::add_to_linker::<State, WasiHttp>(linker, State::http)
}

#[cfg(not(feature = "http"))]
fn link_service(_: &mut Linker<State>, _: Profile) -> wasmtime::Result<()> {
    Ok(())
}

fn link_sockets(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<State, WasiSockets>(linker, &options, State::wasi_sockets)?;
    sockets::instance_network::add_to_linker::<State, WasiSockets>(linker, State::wasi_sockets)?;
    sockets::tcp::add_to_linker::<State, WasiSockets>(linker, State::wasi_sockets)?;
    sockets::udp::add_to_linker::<State, WasiSockets>(linker, State::wasi_sockets)?;
    sockets::tcp_create_socket::add_to_linker::<State, Sockets>(linker, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<State, Sockets>(linker, State::sockets)?;
    bindings::ip_name_lookup::add_to_linker::<State, Sockets>(linker, State::sockets)?;
    shadow_wasmtime(linker)
}
