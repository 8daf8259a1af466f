//! The body of an HTTP response, as it passes from the guest to the client.
//!
//! Tests: `tests/suite/http`.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Response;
use http::response::Parts;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::WasiBody;

use super::exchange::Exchange;
use super::running::RunningGuest;
use crate::capability::content_length;
use crate::clock::{Clock, Ticks};
use crate::{CallEnd, Error, Result};

/// The body of an HTTP response; see [`HttpService`](super::HttpService).
///
/// The revision that responds stays in use until its guest has written the last byte of the body.
/// If the guest stops midway, or exceeds `http_deadline` or `http_response_bytes_max`, the body
/// ends with an error, so that it never appears complete. Dropping the body before its end stops
/// the guest.
pub struct HttpBody(BodySource);

enum BodySource {
    Whole(Bytes),
    Guest(Box<GuestBody>),
    /// The body of a response that is sent without one.
    Omitted,
}

/// Limits of a response body.
pub(super) struct BodyLimits {
    pub(super) clock: Arc<Clock>,
    pub(super) deadline: Ticks,
    /// The number of bytes left.
    pub(super) bytes_left: u64,
}

/// A response body written by a guest.
pub(super) struct GuestBody {
    /// Frames that were read ahead.
    ahead: VecDeque<Frame<Bytes>>,
    /// `true` if no frames follow those read ahead.
    is_complete: bool,
    /// `true` if the body was cut off and the error has been returned.
    is_aborted: bool,
    /// The number of bytes left of the `content-length`, if the guest set one.
    remaining: Option<u64>,
    /// The number of bytes received from the guest so far.
    received: u64,
    body: WasiBody,
    exchange: Arc<Exchange>,
    /// The guest, while it is running.
    guest: Option<RunningGuest>,
    limits: BodyLimits,
}

impl HttpBody {
    pub(super) fn from_bytes(bytes: Bytes) -> Self {
        Self(BodySource::Whole(bytes))
    }

    /// Creates the body of a response that is sent without one: to `HEAD`, or with a status that
    /// has no body.
    pub(super) fn omitted() -> Self {
        Self(BodySource::Omitted)
    }

    /// Returns `true` if the whole body was passed on, even if its end was not polled.
    pub(super) fn is_delivered(&self) -> bool {
        match &self.0 {
            BodySource::Whole(bytes) => bytes.is_empty(),
            BodySource::Guest(body) => body.is_delivered(),
            BodySource::Omitted => true,
        }
    }
}

impl GuestBody {
    /// Splits a guest's response into its head and its body.
    pub(super) fn from_response(
        answer: Response<WasiBody>,
        exchange: &Arc<Exchange>,
        guest: Option<RunningGuest>,
        bounds: BodyLimits,
    ) -> (Parts, Self) {
        let (head, body) = answer.into_parts();
        let body = Self {
            ahead: VecDeque::new(),
            is_complete: false,
            is_aborted: false,
            remaining: content_length(&head.headers),
            received: 0,
            body,
            exchange: Arc::clone(exchange),
            guest,
            limits: bounds,
        };
        (head, body)
    }

    /// Reads the frames left behind by a guest that has ended. They are the rest of the body, so
    /// its length is then known. Fails if the body is incomplete.
    pub(super) fn read_ahead(mut self) -> std::result::Result<Self, CallEnd> {
        let mut bytes = 0;
        while let Some(frame) = self.body.frame().now_or_never() {
            match frame {
                Some(Ok(frame)) => {
                    bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
                    self.ahead.push_back(frame);
                }
                Some(Err(_)) => {
                    let (end, detail) = body_failure(self.remaining, bytes);
                    self.exchange.fail(end, &detail);
                    return Err(end);
                }
                None => {
                    self.is_complete = !self.exchange.is_cut_off();
                    break;
                }
            }
        }
        Ok(self)
    }

    pub(super) fn into_body(self) -> HttpBody {
        HttpBody(BodySource::Guest(Box::new(self)))
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.is_aborted {
            return Poll::Ready(None);
        }
        if self.limits.clock.now() >= self.limits.deadline {
            return self.abort(
                CallEnd::DeadlineExceeded,
                "it took longer than `http_deadline`",
            );
        }
        match ready!(self.poll_next(context)) {
            Some(Ok(frame)) => self.count(frame),
            None if !self.exchange.is_cut_off() => {
                self.is_complete = true;
                self.detach_guest();
                Poll::Ready(None)
            }
            Some(Err(_)) => {
                let (end, detail) = body_failure(
                    self.remaining.map(|left| left + self.received),
                    self.received,
                );
                self.abort(end, &format!("the guest {end}{detail}"))
            }
            None => self.abort(CallEnd::Trapped, "the guest stopped before its end"),
        }
    }

    /// Detaches the guest, because the reader may never poll the body's end.
    fn detach_guest(&mut self) {
        if let Some(guest) = self.guest.take() {
            guest.detach();
        }
    }

    fn is_delivered(&self) -> bool {
        let is_all = self.is_complete || self.remaining == Some(0);
        is_all && self.ahead.is_empty() && !self.exchange.is_cut_off()
    }

    /// Reads and discards the body, within its limits, so that the guest's writes succeed.
    pub(super) async fn drain(mut self) {
        while let Some(Ok(_)) = poll_fn(|context| self.poll_frame(context)).await {}
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, wasmtime_wasi_http::Error>>> {
        if let Some(frame) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if self.is_complete {
            return Poll::Ready(None);
        }
        let mut next = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Pending, Some(guest)) = (&next, &self.guest) {
            guest.poll(context);
            next = Pin::new(&mut self.body).poll_frame(context);
        }
        next
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        match self.limits.bytes_left.checked_sub(bytes) {
            Some(left) => {
                self.limits.bytes_left = left;
                self.received += bytes;
                self.remaining = self.remaining.map(|left| left.saturating_sub(bytes));
                self.is_complete |= frame.is_trailers();
                if self.is_complete || self.remaining == Some(0) {
                    self.detach_guest();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            None => self.abort(
                CallEnd::BodyTooLong,
                "it is longer than `http_response_bytes_max`",
            ),
        }
    }

    /// Ends the body with an error, and stops the guest.
    fn abort<T>(&mut self, end: CallEnd, why: &str) -> Poll<Option<Result<T>>> {
        self.exchange.fail(
            end,
            &format!(
                ": its response body is cut off after {} bytes",
                self.received
            ),
        );
        self.guest = None;
        self.ahead.clear();
        self.is_aborted = true;
        let message = format!("the response body is cut off: {why}");
        Poll::Ready(Some(Err(Error::from_call_end(end, message))))
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = self
            .ahead
            .iter()
            .map(|frame| frame.data_ref().map(Bytes::len));
        match bytes.sum::<Option<usize>>() {
            Some(bytes) if self.is_complete => SizeHint::with_exact(bytes as u64),
            _ => SizeHint::default(),
        }
    }
}

/// Returns how a guest ended that dropped a body after `came` bytes, and the lengths for the
/// message.
fn body_failure(said: Option<u64>, came: u64) -> (CallEnd, String) {
    match said {
        Some(said) if said != came => (
            CallEnd::WrongLength,
            format!(": {came} bytes instead of {said}"),
        ),
        _ => (
            CallEnd::BodyUnfinished,
            format!(": {came} bytes were written"),
        ),
    }
}

impl Body for HttpBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        match &mut self.0 {
            BodySource::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            BodySource::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            BodySource::Guest(body) => body.poll_frame(context),
            BodySource::Omitted => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            BodySource::Whole(bytes) => bytes.is_empty(),
            BodySource::Guest(body) => body.is_complete && body.is_delivered(),
            // The length of the omitted body is unknown, so no `content-length: 0` must be sent.
            BodySource::Omitted => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            BodySource::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            BodySource::Guest(body) => body.size_hint(),
            BodySource::Omitted => SizeHint::default(),
        }
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBody").finish_non_exhaustive()
    }
}
