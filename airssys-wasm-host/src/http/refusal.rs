//! Answers that no guest gave.
//!
//! They tell the client no more than what it may do: why is in the host's events and log, or told
//! by `HttpService::check`.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::body::HttpBody;
use crate::{CallEnd, Error, ErrorKind};

/// After how many seconds a client that was refused may come again.
const COME_AGAIN: HeaderValue = HeaderValue::from_static("1");

/// Why a guest gives no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoRoute,
    NoHost,
    TwoHosts,
    OddEncoding,
    AnotherProtocol,
    TooLarge,
    Busy,
    NotThere,
    TooLate,
    /// The guest did not answer: its call ended so.
    Ended(CallEnd),
}

impl Refusal {
    pub(super) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::DeadlineExceeded => Self::TooLate,
            ErrorKind::NotDeployed | ErrorKind::HostDropped | ErrorKind::FunctionNotFound => {
                Self::NotThere
            }
            // An error without an end is one of the host itself.
            _ => Self::Ended(error.call_end().unwrap_or(CallEnd::HostFunctionFailed)),
        }
    }

    fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoRoute => (StatusCode::NOT_FOUND, "nothing is served here\n"),
            Self::NoHost => (StatusCode::BAD_REQUEST, "the request says no host\n"),
            Self::TwoHosts => (StatusCode::BAD_REQUEST, "the request names two hosts\n"),
            Self::OddEncoding => (
                StatusCode::BAD_REQUEST,
                "the request's body has more than one end\n",
            ),
            Self::AnotherProtocol => (
                StatusCode::NOT_IMPLEMENTED,
                "no other protocol is spoken here\n",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many wait already\n"),
            Self::NotThere => (StatusCode::SERVICE_UNAVAILABLE, "nothing serves this now\n"),
            Self::TooLate => (StatusCode::GATEWAY_TIMEOUT, "there was no answer in time\n"),
            Self::Ended(end) => (end.http_status(), "it failed\n"),
        }
    }

    pub(super) fn response(self) -> Response<HttpBody> {
        let (status, text) = self.told();
        let mut response = Response::new(HttpBody::whole(Bytes::from_static(text.as_bytes())));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, COME_AGAIN);
        }
        if status == StatusCode::BAD_REQUEST {
            // Others may take what comes next for something else.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
