//! Outgoing HTTP requests.
//!
//! | file | contents |
//! |---|---|
//! | `open` | what a revision's requests share |
//! | `view` | the part of an instance that requests use |
//! | `authorize` | decides whether a request may be sent, and to which addresses |
//! | `send` | sends a request to the addresses that were checked |
//! | `connect` | connections to checked addresses, with TLS if requested |
//! | `connection` | an open connection, for HTTP/1.1 or HTTP/2 |
//! | `idle_connections` | connections that are reused for requests of the same component to the same origin |
//! | `upload`, `download` | watch the bodies of requests and responses |
//!
//! The URL is parsed once, and the result is what is checked, resolved, connected to and sent.
//! Redirects are left to the guest to follow, and are checked like any request. No proxy is used,
//! whatever the environment variables contain.
//! Tests: `tests/attacks`, `tests/suite/capabilities/http.rs`.

mod authorize;
mod connect;
mod connection;
mod download;
mod idle_connections;
mod open;
mod send;
mod upload;
mod view;

use std::sync::Arc;

use airssys_wasm_core::world::World;
use wasmtime::component::Linker;
use wasmtime_wasi_http::WasiHttp;
use wasmtime_wasi_http::p2::bindings::http;

pub(crate) use connect::Connector;
#[cfg(feature = "http")]
pub(crate) use view::view;

use super::contract::{Capability, InstanceOpening, RevisionOpening, imports_any};
use crate::Result;
use crate::engine::Profile;
use crate::instance::InstanceState;
use open::OutgoingHttpState;
use view::InstanceHttp;

/// Outgoing requests.
pub(super) struct OutgoingHttp;

impl Capability for OutgoingHttp {
    type Revision = OutgoingHttpState;
    type Instance = InstanceHttp;

    const INTERFACES: &'static [&'static str] = &[
        "wasi:http/client",
        "wasi:http/outgoing-handler",
        "wasi:http/types",
    ];

    fn open(opening: &RevisionOpening<'_>) -> Result<OutgoingHttpState> {
        Ok(OutgoingHttpState::open(opening))
    }

    /// The host stores the request of an HTTP service in the same table.
    fn is_used_by(world: &World) -> bool {
        imports_any(world, Self::INTERFACES) || world.http_handler().is_some()
    }

    fn start(revision: &Arc<OutgoingHttpState>, opening: &InstanceOpening<'_>) -> InstanceHttp {
        InstanceHttp::new(revision, opening)
    }

    fn close_revoked(revision: &OutgoingHttpState) {
        revision.idle_connections.clear();
    }

    fn link(linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()> {
        let options = http::types::LinkOptions::default();
        http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, view::view)?;
        http::types::add_to_linker::<_, WasiHttp>(linker, &options, view::view)?;
        link_client(linker, profile)
    }
}

/// Links the client of WASI 0.3, where `async` functions run.
#[cfg(feature = "http")]
fn link_client(linker: &mut Linker<InstanceState>, profile: Profile) -> wasmtime::Result<()> {
    use wasmtime_wasi_http::p3::bindings::http;

    if !profile.concurrency {
        return Ok(());
    }
    http::client::add_to_linker::<_, WasiHttp>(linker, view::view)?;
    http::types::add_to_linker::<_, WasiHttp>(linker, view::view)
}

#[cfg(not(feature = "http"))]
fn link_client(_: &mut Linker<InstanceState>, _: Profile) -> wasmtime::Result<()> {
    Ok(())
}
