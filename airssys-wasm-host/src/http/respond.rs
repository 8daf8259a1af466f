//! The response to a request, from its admission until its head is passed on.
//!
//! The guest runs in the task that handles the request until the response's head is available. The
//! rest of it runs in the task that reads the body, and stops if that body is dropped.
//!
//! Tests: `tests/suite/http`.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Body;
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::body::HttpBody;
use super::exchange::Exchange;
use super::guest_body::{BodyLimits, GuestBody};
use super::guest_call::run_guest;
use super::handler::GuestHandler;
use super::refusal::Refusal;
use super::request;
use super::response_state::ResponseHead;
use super::serving_revision::ServingRevision;
use super::streaming_guest::{GuestFuture, StreamingGuest, run_detached};
use crate::CallEnd;
use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::deployment::{ActiveRevision, Admission};
use crate::function::Handle;
use crate::revision::CallDeadline;

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
    let revision = ServingRevision::from_revision(&admission.active_revision().revision);
    let responded = try_respond(handle, admission, request).await;
    let mut response = responded.unwrap_or_else(Refusal::response);
    response.extensions_mut().insert(revision);
    response
}

async fn try_respond<B>(
    handle: &Arc<Handle<GuestHandler>>,
    admission: Admission,
    request: Request<B>,
) -> Result<Response<HttpBody>, Refusal>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let revision = &*Arc::clone(&admission.active_revision().revision);
    request::check(&request, revision.terms.limits.http_request_bytes_max)?;
    check_not_busy(admission.active_revision())?;
    let begun = handle.target().clock().now();
    let mut awaited = AwaitedResponse::start(handle, admission, request, begun);
    let deadline = CallDeadline::for_call(revision, begun);
    match awaited.head(deadline).await? {
        Some(Ok(response)) => awaited.into_response(response),
        Some(Err(error)) => Err(awaited.into_refusal_for_error(&error)),
        None => Err(awaited.into_refusal_without_head()),
    }
}

fn check_not_busy(active: &ActiveRevision) -> Result<(), Refusal> {
    let waiting_max = active.revision.terms.limits.http_waiting_max;
    if active.instances.has_room() || active.instances.waiting() < waiting_max {
        Ok(())
    } else {
        Err(Refusal::Busy)
    }
}

/// A response whose head is awaited, in the task that handles the request.
struct AwaitedResponse {
    exchange: Arc<Exchange>,
    guest: AwaitedGuest,
    limits: BodyLimits,
    delivery: BodyDelivery,
    /// Becomes `true` if the request is longer than its limit.
    is_too_large: Arc<AtomicBool>,
}

/// A guest, until the head of its response is passed on.
enum AwaitedGuest {
    Running(GuestFuture),
    Ended(crate::Result<()>),
}

impl AwaitedGuest {
    fn poll(&mut self, context: &mut Context<'_>) {
        if let Self::Running(guest) = self
            && let Poll::Ready(outcome) = guest.as_mut().poll(context)
        {
            *self = Self::Ended(outcome);
        }
    }
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

impl AwaitedResponse {
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
        let exchange = Exchange::new(handle.target().deployment(), revision);
        let deadline = CallDeadline::for_http_request(revision, now);
        let limits = BodyLimits {
            clock: Arc::clone(handle.target().clock()),
            deadline: deadline.tick,
            bytes_max: revision.terms.limits.http_response_bytes_max,
        };
        let delivery = BodyDelivery::for_method(request.method());
        let (request, is_too_large) =
            request::limit_body(request, revision.terms.limits.http_request_bytes_max);
        let guest = Box::pin(run_guest(
            Arc::clone(handle),
            admission,
            deadline,
            Arc::clone(&exchange),
            request,
        ));
        Self {
            exchange,
            guest: AwaitedGuest::Running(guest),
            limits,
            delivery,
            is_too_large,
        }
    }

    /// Runs the guest until the head of its response is available, or until it ends without one.
    /// Fails at the deadline; then the guest must be dropped, and its instance with it.
    async fn head(&mut self, deadline: CallDeadline) -> Result<Option<ResponseHead>, Refusal> {
        let Self {
            exchange,
            guest,
            limits,
            ..
        } = self;
        let head = pin!(poll_fn(|context| {
            guest.poll(context);
            let head = exchange.state().take_head();
            match guest {
                AwaitedGuest::Running(_) if head.is_none() => Poll::Pending,
                _ => Poll::Ready(head),
            }
        }));
        run_until_deadline(&limits.clock, deadline.tick, head)
            .await
            .map_err(|_| {
                exchange.state().refuse();
                exchange.report_timeout(deadline);
                Refusal::Timeout
            })
    }

    /// Returns the response whose head the guest has set.
    fn into_response(self, response: Response<WasiBody>) -> Result<Response<HttpBody>, Refusal> {
        match self.guest {
            AwaitedGuest::Running(guest) => {
                let guest = StreamingGuest::new(guest, &self.limits.clock, self.limits.deadline);
                let (head, body) =
                    GuestBody::from_response(response, self.exchange, Some(guest), self.limits);
                let body = match self.delivery.with_status(head.status) {
                    BodyDelivery::Sent => HttpBody::from_guest(body),
                    BodyDelivery::Omitted => {
                        tokio::spawn(body.drain());
                        HttpBody::omitted()
                    }
                };
                Ok(Response::from_parts(head, body))
            }
            // If the guest exited, then after it had finished its response.
            AwaitedGuest::Ended(_) => {
                let (head, body) =
                    GuestBody::from_response(response, self.exchange, None, self.limits);
                let body = body.read_ahead().map_err(Refusal::CallEnded)?;
                Ok(Response::from_parts(head, HttpBody::from_guest(body)))
            }
        }
    }

    /// Returns the refusal for an error that the guest returned. The guest runs to its end.
    fn into_refusal_for_error(self, error: &HttpError) -> Refusal {
        if let AwaitedGuest::Running(guest) = self.guest {
            run_detached(guest);
        }
        let refusal = Refusal::from_guest_error(error);
        if refusal != Refusal::TooLarge {
            let detail = format!(" instead of a response: {error}");
            self.exchange.report(CallEnd::ReturnedError, &detail);
        }
        refusal
    }

    /// Returns the refusal for a guest that has ended without a head.
    fn into_refusal_without_head(self) -> Refusal {
        self.exchange.state().refuse();
        match self.guest {
            _ if self.is_too_large.load(Ordering::Relaxed) => Refusal::TooLarge,
            // The call has reported its error.
            AwaitedGuest::Ended(Err(error)) => Refusal::from_error(&error),
            _ => {
                self.exchange.report(CallEnd::ResponseMissing, "");
                Refusal::CallEnded(CallEnd::ResponseMissing)
            }
        }
    }
}
