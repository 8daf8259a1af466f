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
use super::running::Running;
use crate::capability::length;
use crate::engine::{Clock, Ticks};
use crate::{CallEnd, Error, Result};

/// The body of an HTTP response; see [`HttpService`](super::HttpService).
///
/// The revision that responds stays in use until its guest has written the last byte of the body.
/// If the guest stops midway, or exceeds `http_deadline` or `http_response_bytes_max`, the body
/// ends with an error, so that it never appears complete. Dropping the body before its end stops
/// the guest.
pub struct HttpBody(Part);

enum Part {
    Whole(Bytes),
    OfGuest(Box<OfGuest>),
    /// The body of a response that is sent without one.
    Unsent,
}

/// Limits of a response body.
pub(super) struct Bounds {
    pub(super) clock: Arc<Clock>,
    pub(super) deadline: Ticks,
    /// The number of bytes left.
    pub(super) bytes: u64,
}

/// A response body written by a guest.
pub(super) struct OfGuest {
    /// Frames that were read ahead.
    ahead: VecDeque<Frame<Bytes>>,
    /// `true` if no frames follow those read ahead.
    is_all: bool,
    /// `true` if the body was cut off and the error has been returned.
    is_over: bool,
    /// The number of bytes left of the `content-length`, if the guest set one.
    left: Option<u64>,
    /// The number of bytes received from the guest so far.
    came: u64,
    body: WasiBody,
    exchange: Arc<Exchange>,
    /// The guest, while it is running.
    guest: Option<Running>,
    bounds: Bounds,
}

impl HttpBody {
    pub(super) fn whole(bytes: Bytes) -> Self {
        Self(Part::Whole(bytes))
    }

    /// Creates the body of a response that is sent without one: to `HEAD`, or with a status that
    /// has no body.
    pub(super) fn unsent() -> Self {
        Self(Part::Unsent)
    }

    /// Returns `true` if the whole body was passed on, even if its end was not polled.
    pub(super) fn is_handed_on(&self) -> bool {
        match &self.0 {
            Part::Whole(bytes) => bytes.is_empty(),
            Part::OfGuest(body) => body.is_handed_on(),
            Part::Unsent => true,
        }
    }
}

impl OfGuest {
    /// Splits a guest's response into its head and its body.
    pub(super) fn begin(
        answer: Response<WasiBody>,
        exchange: &Arc<Exchange>,
        guest: Option<Running>,
        bounds: Bounds,
    ) -> (Parts, Self) {
        let (head, body) = answer.into_parts();
        let body = Self {
            ahead: VecDeque::new(),
            is_all: false,
            is_over: false,
            left: length(&head.headers),
            came: 0,
            body,
            exchange: Arc::clone(exchange),
            guest,
            bounds,
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
                    let (end, detail) = broken(self.left, bytes);
                    self.exchange.fail(end, &detail);
                    return Err(end);
                }
                None => {
                    self.is_all = !self.exchange.is_cut_off();
                    break;
                }
            }
        }
        Ok(self)
    }

    pub(super) fn into_body(self) -> HttpBody {
        HttpBody(Part::OfGuest(Box::new(self)))
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if self.bounds.clock.now() >= self.bounds.deadline {
            return self.give_up(
                CallEnd::DeadlineExceeded,
                "it took longer than `http_deadline`",
            );
        }
        match ready!(self.poll_next(context)) {
            Some(Ok(frame)) => self.count(frame),
            None if !self.exchange.is_cut_off() => {
                self.is_all = true;
                self.let_guest_go();
                Poll::Ready(None)
            }
            Some(Err(_)) => {
                let (end, detail) = broken(self.left.map(|left| left + self.came), self.came);
                self.give_up(end, &format!("the guest {end}{detail}"))
            }
            None => self.give_up(CallEnd::Trapped, "the guest stopped before its end"),
        }
    }

    /// Detaches the guest, because the reader may never poll the body's end.
    fn let_guest_go(&mut self) {
        if let Some(guest) = self.guest.take() {
            guest.let_go();
        }
    }

    fn is_handed_on(&self) -> bool {
        let is_all = self.is_all || self.left == Some(0);
        is_all && self.ahead.is_empty() && !self.exchange.is_cut_off()
    }

    /// Reads and discards the body, within its limits, so that the guest's writes succeed.
    pub(super) async fn pass_over(mut self) {
        while let Some(Ok(_)) = poll_fn(|context| self.poll_frame(context)).await {}
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, wasmtime_wasi_http::Error>>> {
        if let Some(frame) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if self.is_all {
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
        match self.bounds.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bounds.bytes = left;
                self.came += bytes;
                self.left = self.left.map(|left| left.saturating_sub(bytes));
                self.is_all |= frame.is_trailers();
                if self.is_all || self.left == Some(0) {
                    self.let_guest_go();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            None => self.give_up(
                CallEnd::BodyTooLong,
                "it is longer than `http_response_bytes_max`",
            ),
        }
    }

    /// Ends the body with an error, and stops the guest.
    fn give_up<T>(&mut self, end: CallEnd, why: &str) -> Poll<Option<Result<T>>> {
        self.exchange.fail(
            end,
            &format!(": its response body is cut off after {} bytes", self.came),
        );
        self.guest = None;
        self.ahead.clear();
        self.is_over = true;
        let message = format!("the response body is cut off: {why}");
        Poll::Ready(Some(Err(Error::of_call(end, message))))
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = self
            .ahead
            .iter()
            .map(|frame| frame.data_ref().map(Bytes::len));
        match bytes.sum::<Option<usize>>() {
            Some(bytes) if self.is_all => SizeHint::with_exact(bytes as u64),
            _ => SizeHint::default(),
        }
    }
}

/// Returns how a guest ended that dropped a body after `came` bytes, and the lengths for the
/// message.
fn broken(said: Option<u64>, came: u64) -> (CallEnd, String) {
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
            Part::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Part::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Part::OfGuest(body) => body.poll_frame(context),
            Part::Unsent => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Part::Whole(bytes) => bytes.is_empty(),
            Part::OfGuest(body) => body.is_all && body.is_handed_on(),
            // The length of the omitted body is unknown, so no `content-length: 0` must be sent.
            Part::Unsent => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Part::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Part::OfGuest(body) => body.size_hint(),
            Part::Unsent => SizeHint::default(),
        }
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBody").finish_non_exhaustive()
    }
}
