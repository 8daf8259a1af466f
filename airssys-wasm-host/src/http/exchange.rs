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
            self.handle.target().name(),
            self.revision
        );
        let error = Error::from_call_end(end, message);
        call::report_failure(
            self.handle.target().deployment(),
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

/// A guest that was given a request, until its response is passed on.
struct RespondingGuest {
    exchange: Arc<Exchange>,
    guest: GuestFuture,
    /// The outcome of the guest, once it has ended.
    outcome: Option<Result<()>>,
    limits: BodyLimits,
    delivery: BodyDelivery,
    /// Becomes `true` if the request is longer than its limit.
    is_too_large: Arc<AtomicBool>,
}

/// The treatment of a response's body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyDelivery {
    /// The client receives it.
    Sent,
    /// The client receives the head alone, as for `HEAD`.
    Omitted,
}

impl BodyDelivery {
    fn for_method(method: &Method) -> Self {
        if method == Method::HEAD {
            Self::Omitted
        } else {
            Self::Sent
        }
    }

    fn with_status(self, status: StatusCode) -> Self {
        match status {
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Self::Omitted,
            _ => self,
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
    request::check(&request, revision.terms.limits.http_request_bytes_max)?;
    check_not_busy(admission.active_revision())?;
    let begun = handle.target().clock().now();
    let mut responding = RespondingGuest::start(handle, admission, request, begun);
    let deadline = begun.saturating_add(revision.call_ticks);
    let head = responding.head(deadline).await?;
    responding.into_response(head)
}

impl RespondingGuest {
    /// Gives the request to a guest, which runs once `head` is awaited.
    fn start<B>(
        handle: &Arc<Handle<GuestHandler>>,
        admission: Admission,
        request: Request<B>,
        now: Ticks,
    ) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let revision = &admission.active_revision().revision;
        let exchange = Exchange::new(handle, revision);
        let limits = BodyLimits {
            clock: Arc::clone(handle.target().clock()),
            deadline: now.saturating_add(revision.http_ticks),
            bytes_left: revision.terms.limits.http_response_bytes_max,
        };
        let delivery = BodyDelivery::for_method(request.method());
        let (request, is_too_large) =
            request::limit_body(request, revision.terms.limits.http_request_bytes_max);
        let guest = Box::pin(run_guest(
            Arc::clone(handle),
            admission,
            limits.deadline,
            Arc::clone(&exchange),
            request,
        ));
        Self {
            exchange,
            guest,
            outcome: None,
            limits,
            delivery,
            is_too_large,
        }
    }

    /// Runs the guest until the head of its response is available, or until it ends without one.
    /// Fails at the deadline; then the guest must be dropped, and its instance with it.
    async fn head(
        &mut self,
        deadline: Ticks,
    ) -> std::result::Result<Option<ResponseHead>, Refusal> {
        let Self {
            exchange,
            guest,
            outcome,
            ..
        } = self;
        let head = pin!(poll_fn(
            |context| exchange.poll_head(guest, outcome, context)
        ));
        run_until_deadline(exchange.handle.target().clock(), deadline, head)
            .await
            .map_err(|_| {
                let handle = &exchange.handle;
                call::deadline_exceeded(
                    handle.target().deployment(),
                    &exchange.revision,
                    handle.target().name(),
                );
                Refusal::Timeout
            })
    }

    /// Returns the response, or a refusal if the guest gave none.
    fn into_response(
        self,
        head: Option<ResponseHead>,
    ) -> std::result::Result<Response<HttpBody>, Refusal> {
        match (head, &self.outcome) {
            (Some(Ok(answer)), None) => Ok(self.into_streaming_response(answer)),
            (Some(Ok(answer)), Some(Ok(()))) => self.into_complete_response(answer),
            // The guest exited after it had finished its response.
            (Some(Ok(answer)), Some(Err(_))) if !self.exchange.is_cut_off() => {
                self.into_complete_response(answer)
            }
            (Some(Err(error)), ended) => {
                if ended.is_none() {
                    run_detached(self.guest);
                }
                Err(guest_error_refusal(&error, &self.exchange))
            }
            (None, _) if self.is_too_large.load(Ordering::Relaxed) => Err(Refusal::TooLarge),
            (_, Some(Err(error))) => Err(Refusal::from_error(error)),
            (None, _) => {
                self.exchange.announce(CallEnd::AnswerMissing, "");
                Err(Refusal::CallEnded(CallEnd::AnswerMissing))
            }
        }
    }

    /// Returns the response of a guest that is still running.
    fn into_streaming_response(self, answer: Response<WasiBody>) -> Response<HttpBody> {
        let guest = RunningGuest::new(self.guest, &self.limits.clock, self.limits.deadline);
        let (head, body) =
            GuestBody::from_response(answer, &self.exchange, Some(guest), self.limits);
        match self.delivery.with_status(head.status) {
            BodyDelivery::Sent => Response::from_parts(head, body.into_body()),
            BodyDelivery::Omitted => {
                tokio::spawn(body.drain());
                Response::from_parts(head, HttpBody::omitted())
            }
        }
    }

    /// Returns the response of a guest that has ended, or a refusal if it is incomplete, since
    /// nothing was sent yet.
    fn into_complete_response(
        self,
        answer: Response<WasiBody>,
    ) -> std::result::Result<Response<HttpBody>, Refusal> {
        let (head, body) = GuestBody::from_response(answer, &self.exchange, None, self.limits);
        let body = body.read_ahead().map_err(Refusal::CallEnded)?;
        Ok(Response::from_parts(head, body.into_body()))
    }
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
        exchange.call.get_or_init(|| store.data().call_id());
        let exited = handler
            .call(store, request, move |head| {
                *exchange.head.lock() = Some(head)
            })
            .await?;
        ending.exchange = None;
        exited.map_or(Ok(()), Err)
    };
    handle
        .call_admitted(&admission, deadline, ask, || Some(()))
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

fn check_not_busy(serving: &ActiveRevision) -> std::result::Result<(), Refusal> {
    let waiting_max = serving.revision.terms.limits.http_waiting_max;
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
