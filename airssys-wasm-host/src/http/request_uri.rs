//! The URI of a request, as a guest sees it.
//!
//! Tests: `tests/suite/http/answers.rs`, `tests/suite/http/service.rs`.

use http::header::HOST;
use http::{Request, Uri, uri};

/// Returns the scheme that the client used, as far as it is known: from an extension of the
/// request, or from the URI, where HTTP/2 has it.
pub(super) fn scheme<B>(request: &Request<B>) -> uri::Scheme {
    let known = request
        .extensions()
        .get::<uri::Scheme>()
        .or(request.uri().scheme());
    if known == Some(&uri::Scheme::HTTPS) {
        uri::Scheme::HTTPS
    } else {
        uri::Scheme::HTTP
    }
}

/// Completes the request's URI with its scheme and its host.
pub(super) fn with_complete_uri<B>(mut request: Request<B>) -> Request<B> {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok()?.parse().ok());
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(scheme(&request));
    parts.authority = parts.authority.or(host);
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}
