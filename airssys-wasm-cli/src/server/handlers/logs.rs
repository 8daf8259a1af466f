//! Handlers for guest output and audit records: the last ones, and later ones as a stream.
//!
//! Tests: `airssys-wasm-cli/tests/cli/watching.rs`.

use axum::extract::{Query, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use crate::api::OutputLine;
use crate::server::ServerState;
use crate::server::journal::Tail;
use crate::server::lines::{json_line, until_shutdown, with_newline};
use crate::server::shutdown::Shutdown;

/// Query parameters of a stream.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamQuery {
    /// Returns only lines of this deployment. Defaults to all deployments.
    name: Option<String>,
    /// Keeps the response open and streams new lines.
    #[serde(default)]
    follow: bool,
    /// Returns only the last N of the retained lines. Defaults to all of them.
    last: Option<usize>,
}

impl StreamQuery {
    pub(super) fn matches(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|wanted| wanted == name)
    }
}

/// Returns lines of guest output.
///
/// The host process retains the last 10,000 lines. With `follow`, new lines are streamed until the
/// client disconnects or the host process shuts down; a client that reads too slowly misses lines.
#[utoipa::path(
    get,
    path = "/v1/logs",
    operation_id = "logs",
    summary = "Get or follow guest output",
    params(StreamQuery),
    responses((status = 200, body = OutputLine, content_type = "application/x-ndjson")),
)]
pub(super) async fn logs(
    State(server): State<ServerState>,
    Query(wanted): Query<StreamQuery>,
) -> Response {
    journal_response(
        &server.journal.lines,
        wanted,
        server.shutdown,
        |item| &item.name,
        |item| json_line(&item),
    )
}

/// Returns audit records: operations that guests attempted, and the decisions about them.
///
/// The host process retains the last 10,000 records. With `follow`, new records are streamed until
/// the client disconnects or the host process shuts down; a client that reads too slowly misses
/// records.
#[utoipa::path(
    get,
    path = "/v1/audit",
    operation_id = "audit",
    summary = "Get or follow audit records",
    params(StreamQuery),
    responses((status = 200, body = serde_json::Value, content_type = "application/x-ndjson")),
)]
pub(super) async fn audit(
    State(server): State<ServerState>,
    Query(wanted): Query<StreamQuery>,
) -> Response {
    journal_response(
        &server.journal.decisions,
        wanted,
        server.shutdown,
        |item| &item.name,
        |item| with_newline(item.json),
    )
}

/// Returns the last items of a journal, followed by new ones if requested.
fn journal_response<T: Clone + Send + 'static>(
    journal: &Tail<T>,
    wanted: StreamQuery,
    shutdown: Shutdown,
    name: fn(&T) -> &str,
    format: fn(T) -> Bytes,
) -> Response {
    let (last, next) = journal.subscribe(|item| wanted.matches(name(item)));
    let last = last_items(last, wanted.last).into_iter().map(format);
    let next = new_items(wanted.follow.then_some(next)).filter_map(move |item| {
        std::future::ready(wanted.matches(name(&item)).then(|| format(item)))
    });
    until_shutdown(stream::iter(last).chain(next), shutdown)
}

/// Returns the last `count` items, or all of them.
fn last_items<T>(mut items: Vec<T>, count: Option<usize>) -> Vec<T> {
    let surplus = items.len().saturating_sub(count.unwrap_or(usize::MAX));
    items.drain(..surplus);
    items
}

/// Returns a stream of new items, which is empty without a receiver. Skips items that a slow
/// follower missed.
fn new_items<T: Clone>(next: Option<broadcast::Receiver<T>>) -> impl Stream<Item = T> {
    stream::unfold(next, async |next| {
        let mut next = next?;
        loop {
            match next.recv().await {
                Ok(item) => return Some((item, Some(next))),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "a follower is too slow and missed items")
                }
                Err(RecvError::Closed) => return None,
            }
        }
    })
}
