//! A response's body, as the client's side reads it from the guest.
//!
//! Reading it runs the guest. The state of the response is that of the exchange: this file moves it
//! on from `Streaming`.
//!
//! Tests: `tests/suite/http/bodies.rs`.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::Response;
use http::response::Parts;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Frame, SizeHint};
use wasmtime_wasi_http::{Error as HttpError, WasiBody};

use super::exchange::Exchange;
use super::streaming_guest::StreamingGuest;
use crate::clock::{Clock, Ticks};
use crate::http_body::{content_length, frame_bytes};
use crate::{CallEnd, Error, Result};

/// Limits of a response body.
pub(super) struct BodyLimits {
    pub(super) clock: Arc<Clock>,
    pub(super) deadline: Ticks,
    pub(super) bytes_max: u64,
}

/// A response body written by a guest.
pub(super) struct GuestBody {
    exchange: Arc<Exchange>,
    /// The guest, while it runs where the body is read.
    guest: Option<StreamingGuest>,
    /// Frames that were read before the response was returned; they come before those of `body`.
    ahead: VecDeque<Frame<Bytes>>,
    body: WasiBody,
    limits: BodyLimits,
    /// The number of bytes passed on so far.
    passed: u64,
    /// The `content-length`, if the guest set one.
    declared: Option<u64>,
}

impl GuestBody {
    /// Splits a guest's response into its head and its body.
    pub(super) fn from_response(
        response: Response<WasiBody>,
        exchange: Arc<Exchange>,
        guest: Option<StreamingGuest>,
        limits: BodyLimits,
    ) -> (Parts, Self) {
        let (head, body) = response.into_parts();
        let body = Self {
            exchange,
            guest,
            ahead: VecDeque::new(),
            body,
            limits,
            passed: 0,
            declared: content_length(&head.headers),
        };
        (head, body)
    }

    /// Reads the frames left behind by a guest that has ended. They are the rest of the body, so
    /// its length is then known. Refuses the request if the body is incomplete.
    pub(super) fn read_ahead(mut self) -> std::result::Result<Self, CallEnd> {
        let mut bytes = 0;
        while let Some(frame) = self.body.frame().now_or_never() {
            match frame {
                Some(Ok(frame)) => {
                    bytes += frame_bytes(&frame);
                    self.ahead.push_back(frame);
                }
                Some(Err(_)) => {
                    let (end, detail) = self.failure(bytes);
                    self.exchange.state().refuse();
                    self.exchange.report(end, &detail);
                    return Err(end);
                }
                None => {
                    self.exchange.state().complete();
                    break;
                }
            }
        }
        Ok(self)
    }

    /// Reads and discards the body, within its limits, so that the guest's writes succeed.
    pub(super) async fn drain(mut self) {
        while let Some(Ok(_)) = poll_fn(|context| self.poll_frame(context)).await {}
    }

    pub(super) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if self.has_ended() {
            return Poll::Ready(None);
        }
        if self.limits.clock.now() >= self.limits.deadline {
            return self.cut_off(
                CallEnd::DeadlineExceeded,
                "it took longer than `http_deadline`",
            );
        }
        match ready!(self.poll_guest(context)) {
            Some(Ok(frame)) => self.pass(frame),
            Some(Err(_)) => {
                let (end, detail) = self.failure(self.passed);
                self.cut_off(end, &format!("the guest {end}{detail}"))
            }
            None => self.end(),
        }
    }

    /// Returns the next frame: one that was read ahead, or one that the guest writes now.
    fn poll_guest(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, HttpError>>> {
        if let Some(frame) = self.ahead.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        let mut next = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Pending, Some(guest)) = (&next, &self.guest) {
            guest.poll(context);
            next = Pin::new(&mut self.body).poll_frame(context);
        }
        next
    }

    /// Passes a frame on, within the limit of bytes.
    fn pass(&mut self, frame: Frame<Bytes>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let passed = self.passed.saturating_add(frame_bytes(&frame));
        if passed > self.limits.bytes_max {
            return self.cut_off(
                CallEnd::BodyTooLong,
                "it is longer than `http_response_bytes_max`",
            );
        }
        self.passed = passed;
        if self.guest.is_some() {
            self.detach_after_last(&frame);
        }
        Poll::Ready(Some(Ok(frame)))
    }

    /// Detaches the guest if the frame is the last one, because the reader may never poll the
    /// body's end.
    fn detach_after_last(&mut self, frame: &Frame<Bytes>) {
        if frame.is_trailers() || self.body.is_end_stream() {
            self.exchange.state().complete();
            self.detach_guest();
        } else if self.has_declared_length() {
            self.detach_guest();
        }
    }

    /// Ends the body: completely, or with an error if the guest stopped before it had finished.
    fn end(&mut self) -> Poll<Option<Result<Frame<Bytes>>>> {
        let is_complete = self.exchange.state().complete();
        if !is_complete {
            return self.cut_off(CallEnd::Trapped, "the guest stopped before its end");
        }
        self.detach_guest();
        Poll::Ready(None)
    }

    /// Ends the body with an error, and stops the guest.
    fn cut_off(&mut self, end: CallEnd, why: &str) -> Poll<Option<Result<Frame<Bytes>>>> {
        let detail = format!(": its response body is cut off after {} bytes", self.passed);
        self.exchange.cut_off(end, &detail);
        self.guest = None;
        self.ahead.clear();
        let message = format!("the response body is cut off: {why}");
        Poll::Ready(Some(Err(Error::from_call_end(end, message))))
    }

    /// Lets the guest run to its end, whether or not the body is read further.
    fn detach_guest(&mut self) {
        if let Some(guest) = self.guest.take() {
            guest.detach();
        }
    }

    /// Returns how a guest ended that dropped its body after `bytes` bytes, and the lengths for the
    /// message.
    fn failure(&self, bytes: u64) -> (CallEnd, String) {
        match self.declared {
            Some(declared) if declared != bytes => (
                CallEnd::WrongLength,
                format!(": {bytes} bytes instead of {declared}"),
            ),
            _ => (
                CallEnd::BodyUnfinished,
                format!(": {bytes} bytes were written"),
            ),
        }
    }

    /// Returns `true` if nothing follows: the complete body was passed on, or an error in place of
    /// the rest.
    fn has_ended(&self) -> bool {
        if !self.ahead.is_empty() {
            return false;
        }
        let state = self.exchange.state();
        state.is_complete() || state.is_cut_off()
    }

    fn has_declared_length(&self) -> bool {
        self.declared
            .is_some_and(|declared| self.passed >= declared)
    }

    /// Returns `true` if the complete body was passed on, by its end or by its declared length.
    pub(super) fn is_delivered(&self) -> bool {
        let state = self.exchange.state();
        let is_all = state.is_complete() || (state.is_streaming() && self.has_declared_length());
        is_all && self.ahead.is_empty()
    }

    /// Returns `true` if the complete body was passed on and no frame follows, not even trailers.
    pub(super) fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.exchange.state().is_complete()
    }

    /// Returns the exact number of bytes left, once the guest has written all of them.
    pub(super) fn size_hint(&self) -> SizeHint {
        let is_complete = self.exchange.state().is_complete();
        let has_trailers = self.ahead.iter().any(Frame::is_trailers);
        if is_complete && !has_trailers {
            SizeHint::with_exact(self.ahead.iter().map(frame_bytes).sum())
        } else {
            SizeHint::default()
        }
    }
}
