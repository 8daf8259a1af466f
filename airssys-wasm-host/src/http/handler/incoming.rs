//! The handler of WASI 0.2, which passes its response to an out-parameter.
//!
//! Tests: `tests/suite/http/answers.rs`, `tests/suite/http/ends.rs`.

use std::sync::Arc;

use http::{Request, uri};
use wasmtime::StoreContextMut;
use wasmtime::component::{Resource, TypedFunc};
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::exit::resolve_exit;
use crate::CallEnd;
use crate::capability::http_view;
use crate::http::exchange::Exchange;
use crate::http::request_uri;
use crate::instance::{DetectedEnd, InstanceState};

pub(super) type IncomingHandlerFunc = TypedFunc<
    (
        Resource<HostIncomingRequest>,
        Resource<HostResponseOutparam>,
    ),
    (),
>;

pub(super) async fn call(
    function: &IncomingHandlerFunc,
    mut store: StoreContextMut<'_, InstanceState>,
    request: Request<WasiBody>,
    exchange: &Arc<Exchange>,
) -> wasmtime::Result<Option<wasmtime::Error>> {
    let parameters = {
        let mut view = http_view(store.data_mut());
        let scheme = match request_uri::scheme(&request) {
            scheme if scheme == uri::Scheme::HTTPS => Scheme::Https,
            _ => Scheme::Http,
        };
        let request = view.new_incoming_request(scheme, request)?;
        let responding = Arc::clone(exchange);
        let set_head = move |head: Result<_, _>| {
            responding.state().set_head(head.map_err(HttpError::from));
        };
        (request, view.new_response_outparam_from_callback(set_head)?)
    };
    let called = function.call_async(&mut store, parameters).await;
    let is_body_unfinished = has_unfinished_body(&mut store);
    match called {
        Ok(()) if is_body_unfinished => Err(DetectedEnd(CallEnd::BodyUnfinished).into()),
        // A guest that returned without a response may be right: the request was too large.
        Ok(()) => Ok(None),
        Err(error) if is_body_unfinished => resolve_exit(error, Some(CallEnd::BodyUnfinished)),
        Err(error) => {
            let is_head_missing = exchange.state().is_awaiting_head();
            resolve_exit(error, is_head_missing.then_some(CallEnd::ResponseMissing))
        }
    }
}

/// Returns `true` if the guest has started a body without finishing it, which would look like a
/// complete one.
fn has_unfinished_body(store: &mut StoreContextMut<'_, InstanceState>) -> bool {
    let mut resources = http_view(store.data_mut()).table.iter_mut();
    resources.any(|resource| resource.is::<HostOutgoingBody>())
}
