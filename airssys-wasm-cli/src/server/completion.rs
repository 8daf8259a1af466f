//! Completes requests of several steps even if their client disconnects.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::reply::ProblemResponse;
use crate::api::{Problem, kinds};

/// Handles a request in a separate task, which keeps running if the client disconnects.
pub(super) async fn run_to_completion(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(answer) => answer,
        Err(error) => ProblemResponse(
            Problem::new(kinds::INTERNAL, "the request handler panicked").with_cause(error),
        )
        .into_response(),
    }
}
