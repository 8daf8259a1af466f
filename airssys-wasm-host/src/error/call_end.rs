//! The outcome of a call, as a single type from which everything else is derived: the kind of the
//! error, the status of an HTTP response, the event, the metric label and the exit code of the
//! command.
//!
//! Outcomes are determined elsewhere: in `revision/failure.rs` for what wasmtime reports, in `http`
//! for HTTP responses.
//!
//! Tests: in this file, `tests/suite/ends`.

use std::fmt;

use airssys_wasm_core::Value;

use super::ErrorKind;

/// The way a call ended.
///
/// ```
/// use airssys_wasm_host::{CallEnd, ErrorKind, Value};
///
/// let end = CallEnd::from_value(Some(&Value::Result(Err(None))));
/// assert_eq!(end, CallEnd::ReturnedError);
/// assert_eq!(CallEnd::FuelExhausted.label(), "fuel-exhausted");
/// assert!(CallEnd::Trapped.is_failure() && !CallEnd::Exited(0).is_failure());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CallEnd {
    /// The function returned a value other than an error, or nothing; or an HTTP response was sent
    /// completely.
    Returned,
    /// The function returned a `result` in its error case, or the guest set an error instead of an
    /// HTTP response.
    ReturnedError,
    /// The guest exited with this code through `wasi:cli/exit`. 0 is success.
    Exited(u8),
    /// The guest trapped: it panicked, or did something that WebAssembly forbids.
    Trapped,
    /// The call took longer than its deadline.
    DeadlineExceeded,
    /// The call used up its fuel.
    FuelExhausted,
    /// The call needed a new instance, for which the host's budget has no memory.
    OverBudget,
    /// A function that the host provides failed.
    HostFunctionFailed,
    /// A call to another component failed, or a call to a component that one is linked to.
    LinkFailed,
    /// The guest ended without responding to an HTTP request.
    ResponseMissing,
    /// The guest dropped the body of an HTTP response without finishing it.
    BodyUnfinished,
    /// The length of an HTTP response body differs from its `content-length`.
    WrongLength,
    /// The body of an HTTP response exceeds `http_response_bytes_max`.
    BodyTooLong,
}

impl CallEnd {
    /// Classifies a call that returned this value, or none.
    #[must_use]
    pub fn from_value(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Result(Err(_))) => Self::ReturnedError,
            _ => Self::Returned,
        }
    }

    /// Returns a stable label for metrics and programs, such as `returned-error`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Returned => "returned",
            Self::ReturnedError => "returned-error",
            Self::Exited(0) => "exited",
            Self::Exited(_) => "exited-with-failure",
            Self::Trapped => "trapped",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::FuelExhausted => "fuel-exhausted",
            Self::OverBudget => "over-budget",
            Self::HostFunctionFailed => "host-function-failed",
            Self::LinkFailed => "link-failed",
            Self::ResponseMissing => "response-missing",
            Self::BodyUnfinished => "body-unfinished",
            Self::WrongLength => "wrong-length",
            Self::BodyTooLong => "body-too-long",
        }
    }

    /// Returns `true` if the call counts as failed in events and metrics.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Returned | Self::Exited(0))
    }

    /// The kind of the error that the caller gets. A call that failed in another component gets the
    /// kind of that failure instead.
    pub(crate) fn kind(self) -> ErrorKind {
        match self {
            Self::Exited(code) => ErrorKind::Exited(code),
            Self::DeadlineExceeded => ErrorKind::DeadlineExceeded,
            Self::FuelExhausted => ErrorKind::FuelExhausted,
            Self::OverBudget => ErrorKind::OverBudget,
            Self::HostFunctionFailed => ErrorKind::HostFunctionFailed,
            _ => ErrorKind::Trapped,
        }
    }

    /// The status of the response to an HTTP request that ended this way before anything was sent.
    #[cfg(feature = "http")]
    pub(crate) fn http_status(self) -> http::StatusCode {
        match self {
            Self::Returned => http::StatusCode::OK,
            Self::ReturnedError => http::StatusCode::BAD_GATEWAY,
            Self::DeadlineExceeded => http::StatusCode::GATEWAY_TIMEOUT,
            _ => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for CallEnd {
    /// Formats the predicate that follows the function's name in messages, such as `trapped`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Returned => "returned",
            Self::ReturnedError => "returned an error",
            Self::Exited(code) => return write!(f, "exited with code {code}"),
            Self::Trapped => "trapped",
            Self::DeadlineExceeded => "took longer than its deadline",
            Self::FuelExhausted => "used up its fuel",
            Self::OverBudget => "found no memory for an instance in the host's budget",
            Self::HostFunctionFailed | Self::LinkFailed => "failed",
            Self::ResponseMissing => "ended without responding to the request",
            Self::BodyUnfinished => "did not finish its response body",
            Self::WrongLength => "wrote a response body that does not match its `content-length`",
            Self::BodyTooLong => "wrote a response body longer than `http_response_bytes_max`",
        };
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returned_error_is_distinguished_from_returned_value() {
        let ok = Value::Result(Ok(None));
        assert_eq!(CallEnd::from_value(None), CallEnd::Returned);
        assert_eq!(CallEnd::from_value(Some(&ok)), CallEnd::Returned);
        assert_eq!(
            CallEnd::from_value(Some(&Value::Result(Err(None)))),
            CallEnd::ReturnedError
        );
    }

    #[test]
    fn success_is_not_counted_as_failure() {
        assert!(!CallEnd::Exited(0).is_failure());
        assert!(CallEnd::Exited(1).is_failure());
        assert_eq!(CallEnd::Exited(0).kind(), ErrorKind::Exited(0));
    }
}
