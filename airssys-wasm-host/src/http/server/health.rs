//! The health check for load balancers.
//!
//! Tests: `tests/suite/http/server.rs`.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::http::body::HttpBody;

/// A path to which the server itself responds while it serves.
pub(super) struct HealthPath(pub(super) String);

impl HealthPath {
    /// Returns the response if the request is a health check.
    pub(super) fn respond<B>(&self, request: &Request<B>) -> Option<Response<HttpBody>> {
        let is_check = [Method::GET, Method::HEAD].contains(request.method())
            && request.uri().path() == self.0;
        is_check.then(|| Response::new(HttpBody::from_bytes(Bytes::from_static(b"serving\n"))))
    }
}
