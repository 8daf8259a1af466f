//! An HTTP exchange: a request, from its admission to the last byte of its response.
//!
//! The guest runs in the task that handles the request until the response's head is available. The
//! rest of it runs in the task that reads the body, and stops if that reader goes away.
//!
//! Tests: `tests/suite/http`.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use airssys_wasm_core::ComponentName;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Body;
use parking_lot::Mutex;
use semver::Version;
use wasmtime::StoreContextMut;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::body::{BodyLimits, GuestBody, HttpBody};
use super::handler::{GuestHandler, ResponseHead};
use super::refusal::Refusal;
use super::request;
use super::running::{GuestFuture, RunningGuest, run_detached};
use crate::call;
use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::deployment::{ActiveRevision, Admission};
use crate::function::Handle;
use crate::instance::InstanceState;
use crate::observe::CallId;
use crate::revision::Revision;
use crate::{CallEnd, Error, Result};

/// The revision that a request was given to, as an extension of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServingRevision {
    /// The name of the deployment.
    pub component: ComponentName,
    /// The number of the revision.
    pub revision: u64,
    /// The version of its component, if it has one.
    pub version: Option<Version>,
}

impl ServingRevision {
    fn from_revision(revision: &Revision) -> Self {
        Self {
            component: revision.name().clone(),
            revision: revision.number,
            version: revision.component.version().cloned(),
        }
    }
}

/// State shared by the guest's and the client's side of an exchange.
pub(super) struct Exchange {
    handle: Arc<Handle<GuestHandler>>,
    revision: Arc<Revision>,
    /// The call in which the guest responds, once it has started.
    call: OnceLock<CallId>,
    head: Mutex<Option<ResponseHead>>,
    is_cut_off: AtomicBool,
}

impl Exchange {
    fn new(handle: &Arc<Handle<GuestHandler>>, revision: &Arc<Revision>) -> Arc<Self> {
        Arc::new(Self {
            handle: Arc::clone(handle),
            revision: Arc::clone(revision),
            call: OnceLock::new(),
            head: Mutex::default(),
            is_cut_off: AtomicBool::new(false),
        })
    }

    /// Returns `true` if the guest stopped before it had finished.
    pub(super) fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Ordering::SeqCst)
    }

    /// Marks the response as cut off. Returns `false` if it was already.
    fn cut_off(&self) -> bool {
        !self.is_cut_off.swap(true, Ordering::SeqCst)
    }

    /// Marks the response as cut off and announces the reason, unless it was cut off already: a
    /// guest that was stopped announces its own end.
    pub(super) fn fail(&self, end: CallEnd, detail: &str) {
        if self.cut_off() {
            self.announce(end, detail);
        }
    }

    fn announce(&self, end: CallEnd, detail: &str) {
        let message = format!(
            "`{}` of {} {end}{detail}",
            self.handle.target_name(),
            self.revision
        );
        let error = Error::from_call_end(end, message);
        call::report_failure(
            self.handle.entry(),
            &self.revision,
            self.call.get().copied(),
            &error,
        );
    }

    /// Resolves with the head once it is available, or with `None` if the guest ends without one.
    fn poll_head(
        &self,
        guest: &mut GuestFuture,
        outcome: &mut Option<Result<()>>,
        context: &mut Context<'_>,
    ) -> Poll<Option<ResponseHead>> {
        if outcome.is_none()
            && let Poll::Ready(ended) = guest.as_mut().poll(context)
        {
            *outcome = Some(ended);
        }
        match self.head.lock().take() {
            None if outcome.is_none() => Poll::Pending,
            head => Poll::Ready(head),
        }
    }
}

/// Has the admitted revision respond to a request. Returns a refusal if it does not.
pub(super) async fn respond<B>(
    handle: &Arc<Handle<GuestHandler>>,
    admission: Admission,
    request: Request<B>,
) -> Response<HttpBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let served = ServingRevision::from_revision(&admission.active_revision().revision);
    let answered = try_respond(handle, admission, request).await;
    let mut response = answered.unwrap_or_else(Refusal::response);
    response.extensions_mut().insert(served);
    response
}

async fn try_respond<B>(
    handle: &Arc<Handle<GuestHandler>>,
    admission: Admission,
    request: Request<B>,
) -> std::result::Result<Response<HttpBody>, Refusal>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let revision = &*Arc::clone(&admission.active_revision().revision);
    request::check(&request, revision.limits.http_request_bytes_max)?;
    check_not_busy(admission.active_revision())?;
    let exchange = Exchange::new(handle, &admission.active_revision().revision);
    let begun = handle.clock().now();
    let bounds = BodyLimits {
        clock: Arc::clone(handle.clock()),
        deadline: begun.saturating_add(revision.http_ticks),
        bytes_left: revision.limits.http_response_bytes_max,
    };
    let is_head = request.method() == Method::HEAD;
    let (request, is_too_large) =
        request::limit_body(request, revision.limits.http_request_bytes_max);
    let mut guest: GuestFuture = Box::pin(run_guest(
        Arc::clone(handle),
        admission,
        bounds.deadline,
        Arc::clone(&exchange),
        request,
    ));
    let mut outcome = None;
    let head = {
        let head = pin!(poll_fn(|context| exchange.poll_head(
            &mut guest,
            &mut outcome,
            context
        )));
        run_until_deadline(
            handle.clock(),
            begun.saturating_add(revision.call_ticks),
            head,
        )
        .await
    };
    let Ok(head) = head else {
        // The guest is dropped with its instance.
        call::deadline_exceeded(handle.entry(), revision, handle.target_name());
        return Err(Refusal::Timeout);
    };
    match (head, outcome) {
        (Some(Ok(answer)), None) => {
            let guest = RunningGuest::new(guest, handle.clock(), bounds.deadline);
            Ok(streaming_response(
                answer, &exchange, guest, bounds, is_head,
            ))
        }
        (Some(Ok(answer)), Some(Ok(()))) => complete_response(answer, &exchange, bounds),
        // The guest exited after it had finished its response.
        (Some(Ok(answer)), Some(Err(_))) if !exchange.is_cut_off() => {
            complete_response(answer, &exchange, bounds)
        }
        (Some(Err(said)), ended) => {
            if ended.is_none() {
                run_detached(guest);
            }
            Err(guest_error_refusal(&said, &exchange))
        }
        (None, _) if is_too_large.load(Ordering::Relaxed) => Err(Refusal::TooLarge),
        (_, Some(Err(error))) => Err(Refusal::from_error(&error)),
        (None, _) => {
            exchange.announce(CallEnd::AnswerMissing, "");
            Err(Refusal::CallEnded(CallEnd::AnswerMissing))
        }
    }
}

/// Returns the response of a guest that is still running.
fn streaming_response(
    answer: Response<WasiBody>,
    exchange: &Arc<Exchange>,
    guest: RunningGuest,
    bounds: BodyLimits,
    is_head: bool,
) -> Response<HttpBody> {
    let (head, body) = GuestBody::from_response(answer, exchange, Some(guest), bounds);
    if is_head || has_no_body(head.status) {
        tokio::spawn(body.drain());
        return Response::from_parts(head, HttpBody::omitted());
    }
    Response::from_parts(head, body.into_body())
}

/// Returns the response of a guest that has ended, or a refusal if it is incomplete, since nothing
/// was sent yet.
fn complete_response(
    answer: Response<WasiBody>,
    exchange: &Arc<Exchange>,
    bounds: BodyLimits,
) -> std::result::Result<Response<HttpBody>, Refusal> {
    let (head, body) = GuestBody::from_response(answer, exchange, None, bounds);
    let body = body.read_ahead().map_err(Refusal::CallEnded)?;
    Ok(Response::from_parts(head, body.into_body()))
}

/// Runs the guest to its end, unless dropped.
async fn run_guest(
    handle: Arc<Handle<GuestHandler>>,
    admission: Admission,
    deadline: Ticks,
    exchange: Arc<Exchange>,
    request: Request<WasiBody>,
) -> Result<()> {
    let ask = async |handler: &GuestHandler, store: StoreContextMut<'_, InstanceState>| {
        let mut ending = CutOffGuard {
            exchange: Some(Arc::clone(&exchange)),
        };
        exchange.call.get_or_init(|| store.data().call());
        let exited = handler
            .call(store, request, move |head| {
                *exchange.head.lock() = Some(head)
            })
            .await?;
        ending.exchange = None;
        exited.map_or(Ok(()), Err)
    };
    handle
        .run_in_time(
            admission.active_revision(),
            admission.lane,
            deadline,
            None,
            ask,
            || Some(()),
        )
        .await
}

/// A guard that marks the exchange as cut off when dropped before the guest has ended. This happens
/// before the guest's side of the body is dropped, which would look like the end of the body.
struct CutOffGuard {
    exchange: Option<Arc<Exchange>>,
}

impl Drop for CutOffGuard {
    fn drop(&mut self) {
        if let Some(exchange) = &self.exchange {
            exchange.cut_off();
        }
    }
}

fn has_no_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn check_not_busy(serving: &ActiveRevision) -> std::result::Result<(), Refusal> {
    let waiting_max = serving.revision.limits.http_waiting_max;
    if serving.instances.has_room() || serving.instances.waiting() < waiting_max {
        Ok(())
    } else {
        Err(Refusal::Busy)
    }
}

/// Returns the refusal for an error that the guest returned.
fn guest_error_refusal(said: &HttpError, exchange: &Exchange) -> Refusal {
    if matches!(said, HttpError::HttpRequestBodySize(_)) {
        return Refusal::TooLarge;
    }
    exchange.announce(
        CallEnd::ReturnedError,
        &format!(" instead of a response: {said}"),
    );
    match said {
        HttpError::ConnectionTimeout | HttpError::ConnectionReadTimeout => Refusal::Timeout,
        _ => Refusal::CallEnded(CallEnd::ReturnedError),
    }
}
