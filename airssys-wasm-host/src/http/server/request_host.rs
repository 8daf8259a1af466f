//! The host that a request asks for.
//!
//! Tests: `tests/suite/http/server.rs`.

use http::{Request, header, uri};

/// Returns the requested host, unmodified: that of the URI if it has one.
pub(super) fn requested_host<B>(request: &Request<B>) -> Option<&str> {
    let header = request.headers().get(header::HOST);
    request
        .uri()
        .authority()
        .map(uri::Authority::as_str)
        .or(header.and_then(|host| host.to_str().ok()))
}
