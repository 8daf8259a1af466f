//! Checks and conversion of requests before they reach a guest.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Method, Request, Uri, uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

use super::refusal::Refusal;
use crate::capability::content_length;

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
    let mut said = request.headers().get_all(HOST).iter();
    let (host, more) = (said.next(), said.next());
    let authority = request.uri().authority();
    match (authority, host) {
        _ if more.is_some() => Err(Refusal::TwoHosts),
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
fn parse_host(said: &str) -> Option<uri::Authority> {
    said.parse().ok().filter(|_| !said.contains('@'))
}

/// Accepts a body that is either chunked, once, or has a length, as HTTP/1.1 requires.
fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut said = headers.get_all(TRANSFER_ENCODING).iter();
    match (
        said.next(),
        said.next(),
        headers.contains_key(CONTENT_LENGTH),
    ) {
        (None, ..) => Ok(()),
        (Some(one), None, false) if one.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
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

/// Returns the scheme that the client used, as far as it is known: from an extension of the
/// request, or from the URI, where HTTP/2 has it.
pub(super) fn scheme<B>(request: &Request<B>) -> uri::Scheme {
    let said = request
        .extensions()
        .get::<uri::Scheme>()
        .or(request.uri().scheme());
    if said == Some(&uri::Scheme::HTTPS) {
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
    let told = Arc::clone(&is_too_large);
    let request = request.map(|body| {
        let inner = Box::pin(body);
        LimitedBody {
            inner,
            remaining: bytes_max,
            is_too_large: told,
        }
        .boxed_unsync()
    });
    (request, is_too_large)
}

struct LimitedBody<B> {
    inner: Pin<Box<B>>,
    remaining: u64,
    is_too_large: Arc<AtomicBool>,
}

impl<B> Body for LimitedBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(frame) = std::task::ready!(self.inner.as_mut().poll_frame(context)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(|error| body_error(&*error.into()));
        let bytes = frame
            .as_ref()
            .ok()
            .and_then(|frame| frame.data_ref())
            .map_or(0, Bytes::len) as u64;
        Poll::Ready(Some(match self.remaining.checked_sub(bytes) {
            Some(left) => {
                self.remaining = left;
                frame
            }
            None => {
                self.remaining = 0;
                self.is_too_large.store(true, Ordering::Relaxed);
                Err(Error::HttpRequestBodySize(None))
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Returns the error for a client that disconnected or sent an invalid body.
fn body_error(error: &(dyn std::error::Error + Send + Sync)) -> Error {
    tracing::debug!(%error, "a request body was cut off");
    Error::ConnectionTerminated
}
