//! The functions through which guests handle HTTP requests.
//!
//! | file | contents |
//! |---|---|
//! | `incoming` | the handler of WASI 0.2 |
//! | `service` | the handler of WASI 0.3 |
//! | `exit` | guests that exit while they handle a request |
//!
//! Tests: `tests/suite/http/answers.rs`, `tests/suite/http/service.rs`.

mod exit;
mod incoming;
mod service;

use std::sync::Arc;

use airssys_wasm_core::FunctionName;
use airssys_wasm_core::world::HttpHandler;
use http::Request;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, Lift, Lower, TypedFunc};
use wasmtime_wasi_http::WasiBody;

use super::exchange::Exchange;
use crate::instance::{Instance, InstanceState};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};
use incoming::IncomingHandlerFunc;
use service::ServiceFunc;

/// The function named in the error for a component that handles no requests.
const INCOMING_HANDLER: &str = "wasi:http/incoming-handler#handle";

/// A guest's function that handles requests.
pub(super) enum GuestHandler {
    /// The handler of WASI 0.2, which passes its response to an out-parameter.
    Incoming(IncomingHandlerFunc),
    /// The handler of WASI 0.3, which returns its response and writes the body afterwards.
    Service(ServiceFunc),
}

/// Checks that a revision handles HTTP requests.
pub(super) fn check_handler(revision: &Revision) -> Result<()> {
    exported(revision).map(drop)
}

fn exported(revision: &Revision) -> Result<HttpHandler<'_>> {
    match revision.component.world().http_handler() {
        Some(handler) => Ok(handler),
        None => revision
            .function(&INCOMING_HANDLER.parse()?)
            .map(HttpHandler::Incoming),
    }
}

impl GuestHandler {
    pub(super) fn find(revision: &Revision, instance: &mut Instance) -> Result<Self> {
        match exported(revision)? {
            HttpHandler::Incoming(function) => {
                typed_export(revision, instance, &function.name).map(Self::Incoming)
            }
            HttpHandler::Service(function) => {
                typed_export(revision, instance, &function.name).map(Self::Service)
            }
        }
    }

    /// Has the guest handle a request; resolves when it has nothing more to do. Sets the head of
    /// the response once it is available. Returns the error of a guest that exited after it had
    /// finished its response, which is then complete.
    pub(super) async fn call(
        &self,
        store: StoreContextMut<'_, InstanceState>,
        request: Request<WasiBody>,
        exchange: &Arc<Exchange>,
    ) -> wasmtime::Result<Option<wasmtime::Error>> {
        match self {
            Self::Incoming(function) => incoming::call(function, store, request, exchange).await,
            Self::Service(function) => service::call(function, store, request, exchange).await,
        }
    }
}

fn typed_export<P, R>(
    revision: &Revision,
    instance: &mut Instance,
    name: &FunctionName,
) -> Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let index = revision.export(instance, name)?;
    instance
        .wasm
        .get_typed_func(&mut instance.store, index)
        .map_err(|error| {
            Error::new(
                ErrorKind::TypeMismatch,
                format!("`{name}` of {revision} has the type of another WASI version: {error:#}"),
            )
        })
}
