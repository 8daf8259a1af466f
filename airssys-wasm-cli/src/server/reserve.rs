//! Keeps some of the connections of the API for an operator.
//!
//! A call, the run of a pipeline and a client that follows events or lines hold their connection for
//! as long as a guest or that client likes. All together they hold no more than a part of the
//! connections that a listener has, so that `status`, `revoke` and `remove` find one.
//! Tests: the crate's `tests/cli/busy`.

use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use tokio::sync::Semaphore;

use super::listening::connections_max;
use super::reply::Refused;
use crate::api::{Problem, kinds};

/// Counts requests that last.
pub(super) type Lasting = Arc<Semaphore>;

/// As many as three quarters of the connections of a listener.
pub(super) fn lasting() -> Lasting {
    Arc::new(Semaphore::new(connections_max() / 4 * 3))
}

/// Handles a request that lasts, or refuses it if there are too many.
pub(super) async fn leave_reserve(
    State(lasting): State<Lasting>,
    request: Request,
    next: Next,
) -> Response {
    let Ok(place) = lasting.try_acquire_owned() else {
        let message = "as many calls and followers are under way over the API as it takes; what is left of its \
                       connections is kept for other requests: try again when some of them have ended";
        return Refused(Problem::new(kinds::BUSY, message)).into_response();
    };
    let mut answer = next.run(request).await;
    // The body that holds the place does not say how long it is.
    if let Some(length) = answer.body().size_hint().exact() {
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    // Until its last byte was handed on.
    answer.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &place;
            frame
        }))
    })
}

/// Handles a request that lasts only if it follows what comes from now on.
pub(super) async fn leave_reserve_if_followed(
    lasting: State<Lasting>,
    request: Request,
    next: Next,
) -> Response {
    let follows = |query: &str| query.split('&').any(|part| part == "follow=true");
    if request.uri().query().is_some_and(follows) {
        leave_reserve(lasting, request, next).await
    } else {
        next.run(request).await
    }
}
