//! Responses of the host itself, when no guest responds.
//!
//! They contain only what the client can act on. The cause is in the host's events and log, or
//! returned by `HttpService::check`.
//!
//! Tests: `tests/suite/http/refused.rs`.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use wasmtime_wasi_http::Error as HttpError;

use super::body::HttpBody;
use crate::{CallEnd, Error, ErrorKind};

/// The number of seconds after which a client may retry.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// The reason a request gets no response from a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoRoute,
    NoHost,
    TwoHosts,
    AmbiguousLength,
    UnsupportedProtocol,
    /// The request's body is too large.
    TooLarge,
    /// Too many requests are waiting.
    Busy,
    /// No component that handles requests is deployed.
    Unavailable,
    /// The deployment cannot be restored or started: its state or its grants cannot be used, or the
    /// budget is used up.
    CannotServe,
    /// No head of a response, or no admission, in time.
    Timeout,
    /// The guest's call ended this way without a response.
    CallEnded(CallEnd),
}

impl Refusal {
    pub(super) fn from_error(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::DeadlineExceeded => Self::Timeout,
            ErrorKind::NotDeployed | ErrorKind::HostDropped | ErrorKind::FunctionNotFound => {
                Self::Unavailable
            }
            ErrorKind::StateDamaged
            | ErrorKind::StateUnavailable
            | ErrorKind::GrantUnusable
            | ErrorKind::OverBudget
                if error.call_end().is_none() =>
            {
                Self::CannotServe
            }
            // An error without a call end is one of the host itself.
            _ => Self::CallEnded(error.call_end().unwrap_or(CallEnd::HostFunctionFailed)),
        }
    }

    /// Returns the refusal for an error that the guest returned instead of a response.
    pub(super) fn from_guest_error(error: &HttpError) -> Self {
        match error {
            HttpError::HttpRequestBodySize(_) => Self::TooLarge,
            HttpError::ConnectionTimeout | HttpError::ConnectionReadTimeout => Self::Timeout,
            _ => Self::CallEnded(CallEnd::ReturnedError),
        }
    }

    fn status_and_text(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoRoute => (StatusCode::NOT_FOUND, "nothing is served here\n"),
            Self::NoHost => (StatusCode::BAD_REQUEST, "the request has no host\n"),
            Self::TwoHosts => (StatusCode::BAD_REQUEST, "the request names two hosts\n"),
            Self::AmbiguousLength => (
                StatusCode::BAD_REQUEST,
                "the length of the request's body is ambiguous\n",
            ),
            Self::UnsupportedProtocol => (
                StatusCode::NOT_IMPLEMENTED,
                "no other protocol is supported here\n",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too many requests are waiting\n",
            ),
            Self::Unavailable | Self::CannotServe => (
                StatusCode::SERVICE_UNAVAILABLE,
                "nothing serves this at the moment\n",
            ),
            Self::Timeout => (
                StatusCode::GATEWAY_TIMEOUT,
                "there was no response in time\n",
            ),
            Self::CallEnded(end) => (end.http_status(), "the request failed\n"),
        }
    }

    pub(super) fn response(self) -> Response<HttpBody> {
        let (status, text) = self.status_and_text();
        let mut response = Response::new(HttpBody::from_bytes(Bytes::from_static(text.as_bytes())));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        if status == StatusCode::BAD_REQUEST {
            // Others may interpret the following bytes differently.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
