//! JSON responses: a value, or a problem with its HTTP status.
//!
//! Tests: in this file.

use airssys_wasm_host::ErrorKind;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use tokio::task::JoinError;

use crate::api::{Problem, kinds};

/// The result of a request handler.
pub(crate) type Reply<T> = Result<Json<T>, ProblemResponse>;

/// A problem as a response.
pub(crate) struct ProblemResponse(pub(crate) Problem);

impl<E: Into<Problem>> From<E> for ProblemResponse {
    fn from(problem: E) -> Self {
        Self(problem.into())
    }
}

pub(crate) fn answer<T: Serialize>(value: T) -> Reply<T> {
    Ok(Json(value))
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        (status(&self.0.kind), Json(self.0)).into_response()
    }
}

/// Returns the response to a request whose handler panicked.
pub(super) fn handler_panicked(error: JoinError) -> Response {
    let problem = Problem::new(kinds::INTERNAL, "the request handler panicked");
    ProblemResponse(problem.with_cause(error)).into_response()
}

/// Returns the HTTP status for a kind of problem.
fn status(kind: &str) -> StatusCode {
    match kind {
        kinds::USAGE => StatusCode::BAD_REQUEST,
        kinds::BUSY => StatusCode::SERVICE_UNAVAILABLE,
        // The bytes are a component; it fails on this host.
        "unusable" => StatusCode::CONFLICT,
        code => ErrorKind::from_code(code).map_or(StatusCode::CONFLICT, status_of_error),
    }
}

/// Returns the HTTP status for a kind of the host library's errors.
fn status_of_error(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::NotGranted => StatusCode::FORBIDDEN,
        ErrorKind::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::InvalidPipeline => StatusCode::CONFLICT,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        kind if kind.is_not_found() => StatusCode::NOT_FOUND,
        kind if kind.is_invalid_input() => StatusCode::BAD_REQUEST,
        kind if kind.is_state_failure() => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statuses with the kinds of their problems, on which clients rely.
    const KINDS: [(u16, &str); 7] = [
        (
            400,
            "invalid-component invalid-grant invalid-limits invalid-name type-mismatch \
             unknown-capability unnamed usage",
        ),
        (403, "not-granted"),
        (
            404,
            "function-not-found not-deployed not-published nothing-to-roll-back-to",
        ),
        (
            409,
            "ambiguous-import approval-mismatch awaits-approval callers-lost exited \
             fuel-exhausted grant-unusable host-function-failed in-use invalid-pipeline io \
             lifts-revocation missing-host-function missing-import name-taken over-budget \
             reentrant resource-lost stage-error start-failed state-would-be-lost trapped \
             unhealthy unusable version-not-newer version-taken world-changed",
        ),
        (500, "internal state-damaged state-unavailable"),
        (503, "busy"),
        (504, "deadline-exceeded"),
    ];

    #[test]
    fn every_kind_has_its_status() {
        for (expected, kinds) in KINDS {
            for kind in kinds.split_whitespace() {
                assert_eq!(status(kind).as_u16(), expected, "{kind}");
            }
        }
    }
}
