//! JSON responses: a value, or a problem with its HTTP status.

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
        "not-deployed" | "not-published" | "function-not-found" | "nothing-to-roll-back-to" => {
            StatusCode::NOT_FOUND
        }
        "usage" | "invalid-name" | "invalid-component" | "invalid-grant" | "invalid-limits"
        | "type-mismatch" | "unnamed" | "unknown-capability" => StatusCode::BAD_REQUEST,
        "not-granted" => StatusCode::FORBIDDEN,
        "busy" => StatusCode::SERVICE_UNAVAILABLE,
        "deadline-exceeded" => StatusCode::GATEWAY_TIMEOUT,
        "internal" | "state-unavailable" | "state-damaged" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}
