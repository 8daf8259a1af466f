//! The handler of WASI 0.3, which returns its response and writes the body afterwards.
//!
//! Tests: `tests/suite/http/service.rs`, `tests/suite/http/ends.rs`.

use std::future::poll_fn;

use futures_channel::oneshot;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use wasmtime::component::{Accessor, Resource, TypedFunc};
use wasmtime::{AsContextMut as _, StoreContextMut};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p3;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;

use super::exit::resolve_exit;
use crate::capability::http_view;
use crate::http::exchange::Exchange;
use crate::http::request_uri;
use crate::http_body::{BodyTap, TapBody};
use crate::instance::InstanceState;

pub(super) type ServiceFunc = TypedFunc<(Resource<p3::Request>,), (ServiceResult,)>;

type ServiceResult = Result<Resource<p3::Response>, ErrorCode>;

pub(super) async fn call(
    function: &ServiceFunc,
    store: StoreContextMut<'_, InstanceState>,
    request: Request<WasiBody>,
    exchange: &Exchange,
) -> wasmtime::Result<Option<wasmtime::Error>> {
    let call = async |accessor: &Accessor<InstanceState>| {
        let (request, received) = accessor.with(|mut access| -> wasmtime::Result<_> {
            let view = http_view(access.data_mut());
            let (request, received) =
                p3::Request::from_http(view.hooks, request_uri::with_complete_uri(request));
            // Boxed, the future does not capture borrows that it does not use.
            let received: BoxFuture<'static, _> = Box::pin(received);
            Ok((view.table.push(request)?, received))
        })?;
        let (response,) = function.call_concurrent(accessor, (request,)).await?;
        let response = match response {
            Ok(response) => response,
            Err(code) => {
                exchange.state().set_head(Err(code.into()));
                return Ok(());
            }
        };
        let (response, body_ended) = accessor.with(|mut access| -> wasmtime::Result<_> {
            let response = http_view(access.data_mut()).table.delete(response)?;
            let response =
                response.into_http_with_getter(access.as_context_mut(), received, http_view)?;
            Ok(with_end_signal(response))
        })?;
        exchange.state().set_head(Ok(response));
        // Other tasks of the guest end before its store does, and so does what they wrote.
        poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
        let _ = body_ended.await;
        wasmtime::Result::Ok(())
    };
    // An exit of the guest ends `call`, wherever in it.
    let called = store.run_concurrent(call).await.and_then(|called| called);
    match called {
        Ok(()) => Ok(None),
        Err(error) => {
            let missing_part = exchange.state().missing_part();
            resolve_exit(error, missing_part)
        }
    }
}

/// Returns the response, and a receiver that resolves when its body has been read to the end or
/// dropped.
fn with_end_signal(response: Response<WasiBody>) -> (Response<WasiBody>, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    let tap = EndSignal(Some(sender));
    let response = response.map(|body| TapBody::new(body, tap).boxed_unsync());
    (response, receiver)
}

/// Signals the end of a body by dropping the sender.
struct EndSignal(Option<oneshot::Sender<()>>);

impl BodyTap<WasiBody> for EndSignal {
    fn on_error(&mut self) {
        self.0 = None;
    }

    fn on_end(&mut self, _: &WasiBody) {
        self.0 = None;
    }
}
