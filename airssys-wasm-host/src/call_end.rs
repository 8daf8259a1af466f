//! How a call ended: one type, from which everything derives that is told of it.
//!
//! The kind of the error, the status of an HTTP answer, the event, the label of the metric and the
//! exit code of a command are read from it. Does not find out how a call ended:
//! `instance/failure` does for what the runtime reports, `http/exchange` for answers.
//! Tests: below, and the workspace's `tests/suite/ends`.

use std::fmt;

use airssys_wasm_core::Value;

use crate::ErrorKind;

/// How a call ended.
///
/// ```
/// use airssys_wasm_host::{CallEnd, ErrorKind, Value};
///
/// let end = CallEnd::of_value(Some(&Value::Result(Err(None))));
/// assert_eq!(end, CallEnd::ReturnedError);
/// assert_eq!(CallEnd::FuelExhausted.label(), "fuel-exhausted");
/// assert!(CallEnd::Trapped.is_failure() && !CallEnd::Exited(0).is_failure());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CallEnd {
    /// The function returned a value that is no error, or nothing; an HTTP answer was sent whole.
    Returned,
    /// The function returned a `result` whose error case is set; the guest set an error instead of
    /// an HTTP answer.
    ReturnedError,
    /// The guest ended itself with this code, by `wasi:cli/exit`. 0 is success.
    Exited(u8),
    /// The guest trapped: it panicked, or did what WebAssembly forbids.
    Trapped,
    /// The call took longer than its deadline.
    DeadlineExceeded,
    /// The call used up its fuel.
    FuelExhausted,
    /// A function that the host provides failed.
    HostFunctionFailed,
    /// A call to another component, or to what it is linked to, failed.
    LinkFailed,
    /// The guest ended without an answer to an HTTP request.
    AnswerMissing,
    /// The guest dropped the body of an HTTP answer and did not finish it.
    BodyUnfinished,
    /// The body of an HTTP answer has another length than its `content-length` says.
    WrongLength,
    /// The body of an HTTP answer is longer than `http_response_bytes_max`.
    BodyTooLong,
}

impl CallEnd {
    /// How a call ended that gave this value, or none.
    #[must_use]
    pub fn of_value(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Result(Err(_))) => Self::ReturnedError,
            _ => Self::Returned,
        }
    }

    /// One word, for metrics and for programs: `returned-error`.
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
            Self::HostFunctionFailed => "host-function-failed",
            Self::LinkFailed => "link-failed",
            Self::AnswerMissing => "answer-missing",
            Self::BodyUnfinished => "body-unfinished",
            Self::WrongLength => "wrong-length",
            Self::BodyTooLong => "body-too-long",
        }
    }

    /// Whether the call failed: events and metrics count it.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Returned | Self::Exited(0))
    }

    /// The kind of error that a caller gets. A call that failed in another component has the kind
    /// of that failure.
    pub(crate) fn kind(self) -> ErrorKind {
        match self {
            Self::Exited(code) => ErrorKind::Exited(code),
            Self::DeadlineExceeded => ErrorKind::DeadlineExceeded,
            Self::FuelExhausted => ErrorKind::FuelExhausted,
            Self::HostFunctionFailed => ErrorKind::HostFunctionFailed,
            _ => ErrorKind::Trapped,
        }
    }

    /// The status of the answer to an HTTP request that ended so before anything of an answer was
    /// sent.
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
    /// As messages go on after the name of the function: `trapped`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Returned => "returned",
            Self::ReturnedError => "returned an error",
            Self::Exited(code) => return write!(f, "exited with code {code}"),
            Self::Trapped => "trapped",
            Self::DeadlineExceeded => "took longer than its deadline",
            Self::FuelExhausted => "used up its fuel",
            Self::HostFunctionFailed | Self::LinkFailed => "failed",
            Self::AnswerMissing => "ended without an answer to the request",
            Self::BodyUnfinished => "did not finish the body of its answer",
            Self::WrongLength => "wrote a body whose length is not its `content-length`",
            Self::BodyTooLong => "wrote a body longer than `http_response_bytes_max`",
        };
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returned_error_is_told_from_returned_value() {
        let ok = Value::Result(Ok(None));
        assert_eq!(CallEnd::of_value(None), CallEnd::Returned);
        assert_eq!(CallEnd::of_value(Some(&ok)), CallEnd::Returned);
        assert_eq!(
            CallEnd::of_value(Some(&Value::Result(Err(None)))),
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
