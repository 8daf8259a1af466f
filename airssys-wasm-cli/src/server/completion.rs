//! Completes requests of several steps even if their client disconnects.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use super::reply::handler_panicked;

/// Handles a request in a separate task, which keeps running if the client disconnects.
pub(super) async fn run_to_completion(request: Request, next: Next) -> Response {
    tokio::spawn(next.run(request))
        .await
        .unwrap_or_else(handler_panicked)
}
