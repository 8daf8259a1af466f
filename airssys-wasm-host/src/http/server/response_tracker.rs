//! A response on its way to the client, for the access log and the limits of the connection.
//!
//! Tests: `tests/suite/http/server.rs`, `tests/suite/http/slow_clients.rs`.

use std::task::{Context, Poll};

use http::{Method, Response};

use super::access::AccessRecorder;
use super::client_progress::ResponseWatch;
use super::connections::ActiveRequest;
use crate::Error;
use crate::http::body::HttpBody;
use crate::http::serving_revision::ServingRevision;
use crate::http_body::{BodyTap, TapBody};

/// A body of a response that is tracked until it was sent.
pub(super) type TrackedBody = TapBody<HttpBody, ResponseTracker>;

/// Tracks a request, from its head to the last byte of its response.
pub(super) struct ResponseTracker {
    /// `None` if the request is not logged.
    pub(super) recorder: Option<AccessRecorder>,
    /// `None` in HTTP/1, where the socket has a timeout.
    pub(super) watch: Option<ResponseWatch>,
    /// Keeps the connection's slot until the response has been sent.
    pub(super) _request: ActiveRequest,
}

impl ResponseTracker {
    /// Records the head of the response, and follows its body.
    pub(super) fn track(mut self, response: Response<HttpBody>) -> Response<TrackedBody> {
        if let Some(AccessRecorder { record, .. }) = &mut self.recorder {
            record.status = Some(response.status());
            record.served = response.extensions().get::<ServingRevision>().cloned();
            // A response to `HEAD` has no body to be read.
            record.is_complete = response.body().is_delivered() || record.method == Method::HEAD;
        }
        self.wait_for_client();
        response.map(|body| TapBody::new(body, self))
    }

    fn wait_for_client(&self) {
        if let Some(watch) = &self.watch {
            watch.waits_for_client();
        }
    }
}

impl BodyTap<HttpBody> for ResponseTracker {
    fn on_pending(&mut self, _: &mut Context<'_>) -> Poll<Error> {
        if let Some(watch) = &self.watch {
            watch.waits_for_guest();
        }
        Poll::Pending
    }

    fn on_frame(&mut self, bytes: u64, rest: &HttpBody) -> Result<(), Error> {
        self.wait_for_client();
        if let Some(AccessRecorder { record, .. }) = &mut self.recorder {
            record.bytes += bytes;
            record.is_complete = rest.is_delivered();
        }
        Ok(())
    }

    fn on_error(&mut self) {
        self.wait_for_client();
        if let Some(AccessRecorder { record, .. }) = &mut self.recorder {
            record.is_complete = false;
        }
    }

    fn on_end(&mut self, body: &HttpBody) {
        self.wait_for_client();
        if let Some(AccessRecorder { record, .. }) = &mut self.recorder {
            record.is_complete = body.is_delivered();
        }
    }
}
