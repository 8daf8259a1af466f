//! Completes requests of several steps even if their client disconnects.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::reply::Refused;
use crate::api::{Problem, kinds};

/// Handles a request in a separate task, which keeps running if the client disconnects.
pub(super) async fn to_its_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(answer) => answer,
        Err(error) => {
            Refused(Problem::new(kinds::INTERNAL, "the request handler panicked").because(error))
                .into_response()
        }
    }
}
