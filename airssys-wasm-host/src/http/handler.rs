//! What a guest exports that answers requests, in WASI 0.2 or 0.3, and how each is called.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use airssys_wasm_core::FunctionName;
use airssys_wasm_core::world::HttpHandler;
use bytes::Bytes;
use futures_channel::oneshot;
use futures_util::future::BoxFuture;
use http::{Request, Response, uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use wasmtime::component::{Accessor, ComponentNamedList, Lift, Lower, Resource, TypedFunc};
use wasmtime::{AsContextMut as _, StoreContextMut};
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};
use wasmtime_wasi_http::p3;
use wasmtime_wasi_http::p3::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::request;
use crate::instance::{Instance, InstanceState};
use crate::revision::Revision;
use crate::{Error, ErrorKind, Result};

/// What a component is to have that answers requests, for messages.
const INCOMING: &str = "wasi:http/incoming-handler#handle";

/// The head of an answer, or what the guest says was wrong.
pub(super) type Head = std::result::Result<Response<WasiBody>, HttpError>;

type Incoming = TypedFunc<(Resource<HostIncomingRequest>, Resource<HostResponseOutparam>), ()>;

type Service = TypedFunc<(Resource<p3::Request>,), (ServiceResult,)>;

type ServiceResult = std::result::Result<Resource<p3::Response>, ErrorCode>;

/// The function of a guest that answers requests.
pub(super) enum Handler {
    /// That of WASI 0.2 is given where to put its answer.
    Incoming(Incoming),
    /// That of WASI 0.3 gives its answer, and writes its body afterwards.
    Service(Service),
}

/// Whether a revision answers requests.
pub(super) fn check(revision: &Revision) -> Result<()> {
    exported(revision).map(drop)
}

fn exported(revision: &Revision) -> Result<HttpHandler<'_>> {
    match revision.component.world().http_handler() {
        Some(handler) => Ok(handler),
        None => revision.function(&INCOMING.parse()?).map(HttpHandler::Incoming),
    }
}

impl Handler {
    /// What it is called in messages.
    pub(super) const NAME: &str = "wasi:http";

    pub(super) fn find(revision: &Revision, instance: &mut Instance) -> Result<Self> {
        match exported(revision)? {
            HttpHandler::Incoming(function) => typed(revision, instance, &function.name).map(Self::Incoming),
            HttpHandler::Service(function) => typed(revision, instance, &function.name).map(Self::Service),
        }
    }

    /// Has the guest answer a request; resolves when it has nothing more to do. `answered` is told
    /// the head as soon as it is there.
    pub(super) async fn answer(
        &self,
        store: StoreContextMut<'_, InstanceState>,
        request: Request<WasiBody>,
        answered: impl FnOnce(Head) + Send + Sync + 'static,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Incoming(function) => incoming(function, store, request, answered).await,
            Self::Service(function) => service(function, store, request, answered).await,
        }
    }
}

fn typed<P, R>(revision: &Revision, instance: &mut Instance, name: &FunctionName) -> Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    let index = instance.export(revision, name)?;
    instance.wasm.get_typed_func(&mut instance.store, index).map_err(|error| {
        Error::new(ErrorKind::TypeMismatch, format!("`{name}` of {revision} is of another WASI: {error:#}"))
    })
}

async fn incoming(
    function: &Incoming,
    mut store: StoreContextMut<'_, InstanceState>,
    request: Request<WasiBody>,
    answered: impl FnOnce(Head) + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    let parameters = {
        let mut view = store.data_mut().http();
        let scheme = match request::scheme(&request) {
            scheme if scheme == uri::Scheme::HTTPS => Scheme::Https,
            _ => Scheme::Http,
        };
        let request = view.new_incoming_request(scheme, request)?;
        let answered = move |head: std::result::Result<_, _>| answered(head.map_err(HttpError::from));
        (request, view.new_response_outparam_from_callback(answered)?)
    };
    function.call_async(&mut store, parameters).await?;
    check_finished(&mut store)
}

/// A body whose guest has returned and has not finished it would look like a whole one.
fn check_finished(store: &mut StoreContextMut<'_, InstanceState>) -> wasmtime::Result<()> {
    let mut held = store.data_mut().http().table.iter_mut();
    if held.any(|held| held.is::<HostOutgoingBody>()) {
        wasmtime::bail!("it returned, and has not finished a body that it began");
    }
    Ok(())
}

async fn service(
    function: &Service,
    store: StoreContextMut<'_, InstanceState>,
    request: Request<WasiBody>,
    answered: impl FnOnce(Head) + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    let call = async |accessor: &Accessor<InstanceState>| {
        let (request, received) = accessor.with(|mut access| -> wasmtime::Result<_> {
            let view = access.data_mut().http();
            let (request, received) = p3::Request::from_http(view.hooks, request::in_full(request));
            // Boxed, it no longer borrows what it does not use.
            let received: BoxFuture<'static, _> = Box::pin(received);
            Ok((view.table.push(request)?, received))
        })?;
        let (response,) = function.call_concurrent(accessor, (request,)).await?;
        let response = match response {
            Ok(response) => response,
            Err(code) => {
                answered(Err(code.into()));
                return Ok(());
            }
        };
        let (head, body_ended) = accessor.with(|mut access| -> wasmtime::Result<_> {
            let response = access.data_mut().http().table.delete(response)?;
            let response =
                response.into_http_with_getter(access.as_context_mut(), received, InstanceState::http)?;
            Ok(telling_its_end(response))
        })?;
        answered(Ok(head));
        // What the guest does beside it ends before its store does, and so does what it wrote.
        poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
        let _ = body_ended.await;
        wasmtime::Result::Ok(())
    };
    store.run_concurrent(call).await?
}

/// An answer, and what resolves when its body was read to its end or let go of.
fn telling_its_end(response: Response<WasiBody>) -> (Response<WasiBody>, oneshot::Receiver<()>) {
    let (tell, ended) = oneshot::channel();
    (response.map(|body| Telling { body, tell: Some(tell) }.boxed_unsync()), ended)
}

/// A body that tells when there is no more of it.
struct Telling {
    body: WasiBody,
    tell: Option<oneshot::Sender<()>>,
}

impl Body for Telling {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, HttpError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            self.tell = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
