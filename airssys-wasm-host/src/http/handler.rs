//! The functions through which guests handle HTTP requests, in WASI 0.2 and 0.3.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
use crate::capability::http_view;
use crate::instance::{DetectedEnd, Instance, InstanceState, exit_code};
use crate::revision::Revision;
use crate::{CallEnd, Error, ErrorKind, Result};

/// The function named in the error for a component that handles no requests.
const INCOMING_HANDLER: &str = "wasi:http/incoming-handler#handle";

/// The head of a response, or the error that the guest returned.
pub(super) type ResponseHead = std::result::Result<Response<WasiBody>, HttpError>;

type IncomingHandlerFunc = TypedFunc<
    (
        Resource<HostIncomingRequest>,
        Resource<HostResponseOutparam>,
    ),
    (),
>;

type ServiceFunc = TypedFunc<(Resource<p3::Request>,), (ServiceResult,)>;

type ServiceResult = std::result::Result<Resource<p3::Response>, ErrorCode>;

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
    /// The name used for the function in messages.
    pub(super) const NAME: &str = "wasi:http";

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

    /// Has the guest handle a request; resolves when it has nothing more to do. Calls `answered`
    /// with the head once it is available. Returns the error of a guest that exited after it had
    /// finished its response, which is then complete.
    pub(super) async fn call(
        &self,
        store: StoreContextMut<'_, InstanceState>,
        request: Request<WasiBody>,
        answered: impl FnOnce(ResponseHead) + Send + Sync + 'static,
    ) -> wasmtime::Result<Option<wasmtime::Error>> {
        match self {
            Self::Incoming(function) => call_incoming(function, store, request, answered).await,
            Self::Service(function) => call_service(function, store, request, answered).await,
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

async fn call_incoming(
    function: &IncomingHandlerFunc,
    mut store: StoreContextMut<'_, InstanceState>,
    request: Request<WasiBody>,
    answered: impl FnOnce(ResponseHead) + Send + Sync + 'static,
) -> wasmtime::Result<Option<wasmtime::Error>> {
    let has_answered = Arc::new(AtomicBool::new(false));
    let parameters = {
        let mut view = http_view(store.data_mut());
        let scheme = match request::scheme(&request) {
            scheme if scheme == uri::Scheme::HTTPS => Scheme::Https,
            _ => Scheme::Http,
        };
        let request = view.new_incoming_request(scheme, request)?;
        let told = Arc::clone(&has_answered);
        let answered = move |head: std::result::Result<_, _>| {
            told.store(true, Ordering::Relaxed);
            answered(head.map_err(HttpError::from));
        };
        (request, view.new_response_outparam_from_callback(answered)?)
    };
    let called = function.call_async(&mut store, parameters).await;
    let end = match (
        has_answered.load(Ordering::Relaxed),
        has_unfinished_body(&mut store),
    ) {
        (_, true) => Some(CallEnd::BodyUnfinished),
        (false, false) => Some(CallEnd::AnswerMissing),
        (true, false) => None,
    };
    match (called, end) {
        // A guest that returned without a response may be right: the request was too large.
        (Ok(()), None | Some(CallEnd::AnswerMissing)) => Ok(None),
        (Ok(()), Some(end)) => Err(DetectedEnd(end).into()),
        (Err(error), end) => resolve_exit(error, end),
    }
}

/// Returns `true` if the guest has started a body without finishing it, which would look like a
/// complete one.
fn has_unfinished_body(store: &mut StoreContextMut<'_, InstanceState>) -> bool {
    let mut held = http_view(store.data_mut()).table.iter_mut();
    held.any(|held| held.is::<HostOutgoingBody>())
}

/// Distinguishes an exit after a finished response (`end` is `None`) from an exit that left the
/// response incomplete. Returns the exit in the first case, and an error in the second, even for
/// exit code 0.
fn resolve_exit(
    error: wasmtime::Error,
    end: Option<CallEnd>,
) -> wasmtime::Result<Option<wasmtime::Error>> {
    match (exit_code(&error), end) {
        (Some(_), None) => Ok(Some(error)),
        (Some(0), Some(end)) => Err(DetectedEnd(end).into()),
        _ => Err(error),
    }
}

async fn call_service(
    function: &ServiceFunc,
    store: StoreContextMut<'_, InstanceState>,
    request: Request<WasiBody>,
    answered: impl FnOnce(ResponseHead) + Send + Sync + 'static,
) -> wasmtime::Result<Option<wasmtime::Error>> {
    let progress = Arc::new(ResponseProgress::default());
    let shared = Arc::clone(&progress);
    let call = async |accessor: &Accessor<InstanceState>| {
        let (request, received) = accessor.with(|mut access| -> wasmtime::Result<_> {
            let view = http_view(access.data_mut());
            let (request, received) =
                p3::Request::from_http(view.hooks, request::with_complete_uri(request));
            // Boxed, the future does not capture borrows that it does not use.
            let received: BoxFuture<'static, _> = Box::pin(received);
            Ok((view.table.push(request)?, received))
        })?;
        let (response,) = function.call_concurrent(accessor, (request,)).await?;
        let response = match response {
            Ok(response) => response,
            Err(code) => {
                shared.is_whole.store(true, Ordering::Relaxed);
                answered(Err(code.into()));
                return Ok(());
            }
        };
        let (head, body_ended) = accessor.with(|mut access| -> wasmtime::Result<_> {
            let response = http_view(access.data_mut()).table.delete(response)?;
            let response =
                response.into_http_with_getter(access.as_context_mut(), received, http_view)?;
            Ok(with_end_signal(response, &shared))
        })?;
        shared.has_answered.store(true, Ordering::Relaxed);
        answered(Ok(head));
        // Other tasks of the guest end before its store does, and so does what they wrote.
        poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
        let _ = body_ended.await;
        wasmtime::Result::Ok(())
    };
    // An exit of the guest ends `call`, wherever in it.
    let called = store.run_concurrent(call).await.and_then(|called| called);
    match called {
        Ok(()) => Ok(None),
        Err(error) => resolve_exit(error, progress.failure()),
    }
}

/// The progress of a guest with its response.
#[derive(Default)]
struct ResponseProgress {
    has_answered: AtomicBool,
    /// The whole body was read.
    is_whole: AtomicBool,
}

impl ResponseProgress {
    /// Returns how the guest ends if it makes no more progress; `None` if the response is complete.
    fn failure(&self) -> Option<CallEnd> {
        match (
            self.has_answered.load(Ordering::Relaxed),
            self.is_whole.load(Ordering::Relaxed),
        ) {
            (_, true) => None,
            (true, false) => Some(CallEnd::BodyUnfinished),
            (false, false) => Some(CallEnd::AnswerMissing),
        }
    }
}

/// Returns the response, and a receiver that resolves when its body has been read to the end or
/// dropped.
fn with_end_signal(
    response: Response<WasiBody>,
    progress: &Arc<ResponseProgress>,
) -> (Response<WasiBody>, oneshot::Receiver<()>) {
    let (tell, ended) = oneshot::channel();
    let progress = Arc::clone(progress);
    (
        response.map(|body| {
            EndSignalBody {
                body,
                end_signal: Some(tell),
                progress,
            }
            .boxed_unsync()
        }),
        ended,
    )
}

/// A body that signals its end.
struct EndSignalBody {
    body: WasiBody,
    end_signal: Option<oneshot::Sender<()>>,
    progress: Arc<ResponseProgress>,
}

impl Body for EndSignalBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, HttpError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.progress.is_whole.store(true, Ordering::Relaxed);
            self.end_signal = None;
        }
        if matches!(frame, Poll::Ready(Some(Err(_)))) {
            self.end_signal = None;
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
