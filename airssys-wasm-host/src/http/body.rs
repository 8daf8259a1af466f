//! The body of a response to a client: of a guest, or of the host itself.
//!
//! Tests: `tests/suite/http/bodies.rs`, `tests/suite/http/answers.rs`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::guest_body::GuestBody;
use crate::{Error, Result};

/// The body of an HTTP response; see [`HttpService`](super::HttpService).
///
/// The revision that responds stays in use until its guest has written the last byte of the body.
/// If the guest stops midway, or exceeds `http_deadline` or `http_response_bytes_max`, the body
/// ends with an error, so that it never appears complete. Dropping the body before its end stops
/// the guest.
pub struct HttpBody(BodySource);

enum BodySource {
    /// A text of the host.
    Text(Bytes),
    Guest(Box<GuestBody>),
    /// The body of a response that is sent without one.
    Omitted,
}

impl HttpBody {
    pub(super) fn from_bytes(bytes: Bytes) -> Self {
        Self(BodySource::Text(bytes))
    }

    pub(super) fn from_guest(body: GuestBody) -> Self {
        Self(BodySource::Guest(Box::new(body)))
    }

    /// Creates the body of a response that is sent without one: to `HEAD`, or with a status that
    /// has no body.
    pub(super) fn omitted() -> Self {
        Self(BodySource::Omitted)
    }

    /// Returns `true` if the complete body was passed on, even if its end was not polled.
    pub(super) fn is_delivered(&self) -> bool {
        match &self.0 {
            BodySource::Text(bytes) => bytes.is_empty(),
            BodySource::Guest(body) => body.is_delivered(),
            BodySource::Omitted => true,
        }
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
            BodySource::Text(bytes) if bytes.is_empty() => Poll::Ready(None),
            BodySource::Text(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            BodySource::Guest(body) => body.poll_frame(context),
            BodySource::Omitted => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            BodySource::Text(bytes) => bytes.is_empty(),
            BodySource::Guest(body) => body.is_end_stream(),
            // The length of the omitted body is unknown, so no `content-length: 0` must be sent.
            BodySource::Omitted => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            BodySource::Text(bytes) => SizeHint::with_exact(bytes.len() as u64),
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
