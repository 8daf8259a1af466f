//! What whoever spreads requests over servers is told of this one.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::http::HttpBody;

/// A path that is answered by the server itself, as long as it serves.
pub(super) struct Health(pub(super) String);

impl Health {
    /// The answer, if this is what is asked for.
    pub(super) fn answer<B>(&self, request: &Request<B>) -> Option<Response<HttpBody>> {
        let asks = [Method::GET, Method::HEAD].contains(request.method())
            && request.uri().path() == self.0;
        asks.then(|| Response::new(HttpBody::whole(Bytes::from_static(b"serving\n"))))
    }
}
