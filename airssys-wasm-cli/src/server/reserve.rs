//! Reserves some of the API's connections for operators.
//!
//! A call, a pipeline run, and a client that follows events or output occupy their connection for
//! as long as the guest or the client takes. Together they may hold only part of a listener's
//! connections, so that `status`, `revoke` and `remove` always get one.
//!
//! Tests: `airssys-wasm-cli/tests/cli/busy.rs`.

use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_LENGTH;
use tokio::sync::Semaphore;

use super::listening::{connections_max, hold_until_sent};
use super::reply::ProblemResponse;
use crate::api::{Problem, kinds};

/// Permits for long-running requests.
pub(super) type LongRequestPermits = Arc<Semaphore>;

/// Creates permits for three quarters of the connections of a listener.
pub(super) fn long_request_permits() -> LongRequestPermits {
    Arc::new(Semaphore::new(connections_max() / 4 * 3))
}

/// Handles a long-running request, or rejects it if there are too many.
pub(super) async fn limit_long_requests(
    State(permits): State<LongRequestPermits>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(permit) = permits.try_acquire_owned() else {
        let message = "too many calls and followers are in progress over the API; its remaining \
                       connections are reserved for other requests: try again when some of them have ended";
        return ProblemResponse(Problem::new(kinds::BUSY, message)).into_response();
    };
    let mut response = next.run(request).await;
    // The body that holds the permit does not know its length.
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    hold_until_sent(response, permit)
}

/// Handles a request that is long-running only if it follows new lines.
pub(super) async fn limit_long_requests_if_following(
    permits: State<LongRequestPermits>,
    request: Request,
    next: Next,
) -> Response {
    let follows = |query: &str| query.split('&').any(|part| part == "follow=true");
    if request.uri().query().is_some_and(follows) {
        limit_long_requests(permits, request, next).await
    } else {
        next.run(request).await
    }
}
