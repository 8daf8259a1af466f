//! Checks of requests before they reach a guest, and the limit of their bodies.
//!
//! Tests: `tests/suite/http/smuggling.rs`, `tests/suite/http/refused.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Method, Request, uri};
use http_body_util::BodyExt as _;
use hyper::body::Body;
use wasmtime_wasi_http::{Error, WasiBody};

use super::refusal::Refusal;
use crate::http_body::{BodyTap, TapBody, content_length};

/// Checks that a request can be passed to a guest.
pub(super) fn check<B>(request: &Request<B>, bytes_max: u64) -> Result<(), Refusal> {
    if request.method() == Method::CONNECT || requests_upgrade(request.headers()) {
        return Err(Refusal::UnsupportedProtocol);
    }
    check_host(request)?;
    check_encoding(request.headers())?;
    match content_length(request.headers()) {
        Some(length) if length > bytes_max => Err(Refusal::TooLarge),
        _ => Ok(()),
    }
}

/// Rejects requests with two different hosts, since parties would disagree about which one counts.
fn check_host<B>(request: &Request<B>) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, second_host) = (hosts.next(), hosts.next());
    let authority = request.uri().authority();
    match (authority, host) {
        _ if second_host.is_some() => Err(Refusal::TwoHosts),
        (None, None) => Err(Refusal::NoHost),
        (_, Some(host)) => match host.to_str().ok().and_then(parse_host) {
            None => Err(Refusal::NoHost),
            Some(host) if authority.is_some_and(|authority| *authority != host) => {
                Err(Refusal::TwoHosts)
            }
            Some(_) => Ok(()),
        },
        (Some(_), None) => Ok(()),
    }
}

/// Parses a host. A host with a user is invalid.
fn parse_host(text: &str) -> Option<uri::Authority> {
    text.parse().ok().filter(|_| !text.contains('@'))
}

/// Accepts a body that is either chunked, once, or has a length, as HTTP/1.1 requires.
fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    match (
        encodings.next(),
        encodings.next(),
        headers.contains_key(CONTENT_LENGTH),
    ) {
        (None, ..) => Ok(()),
        (Some(encoding), None, false) if encoding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            Ok(())
        }
        _ => Err(Refusal::AmbiguousLength),
    }
}

/// Returns `true` for upgrades other than `h2c`, which may be ignored: clients that request it
/// continue without it.
fn requests_upgrade(headers: &HeaderMap) -> bool {
    headers
        .get_all(UPGRADE)
        .iter()
        .any(|protocol| protocol != "h2c")
}

/// Converts a request for a guest and limits its body. The flag becomes `true` if the body was
/// longer.
pub(super) fn limit_body<B>(
    request: Request<B>,
    bytes_max: u64,
) -> (Request<WasiBody>, Arc<AtomicBool>)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let is_too_large = Arc::new(AtomicBool::new(false));
    let limit = BodyLimit {
        remaining: bytes_max,
        is_too_large: Arc::clone(&is_too_large),
    };
    let request = request.map(|body| {
        let body = Box::pin(body).map_err(|error| body_error(&*error.into()));
        TapBody::new(body, limit).boxed_unsync()
    });
    (request, is_too_large)
}

/// Limits the bytes of a request's body.
struct BodyLimit {
    remaining: u64,
    is_too_large: Arc<AtomicBool>,
}

impl<B: Body<Data = Bytes, Error = Error>> BodyTap<B> for BodyLimit {
    fn on_frame(&mut self, bytes: u64, _: &B) -> Result<(), Error> {
        match self.remaining.checked_sub(bytes) {
            Some(remaining) => {
                self.remaining = remaining;
                Ok(())
            }
            None => {
                self.remaining = 0;
                self.is_too_large.store(true, Ordering::Relaxed);
                Err(Error::HttpRequestBodySize(None))
            }
        }
    }
}

/// Returns the error for a client that disconnected or sent an invalid body.
fn body_error(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    tracing::debug!(%error, "a request body was cut off");
    Error::ConnectionTerminated
}
