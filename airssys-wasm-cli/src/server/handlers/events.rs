//! The handler that streams events: one line of JSON each.
//!
//! Tests: `airssys-wasm-cli/tests/cli/watching.rs`.

use axum::extract::{Query, State};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};

use super::logs::StreamQuery;
use crate::api::EventView;
use crate::server::ServerState;
use crate::server::lines::{json_line, until_shutdown};

/// Streams events from now on.
///
/// The response stays open until the client disconnects or the host process shuts down. Events of
/// the host process itself are always included; `follow` and `last` have no effect. Fails with
/// `busy` if too many calls and followers are in progress.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "events",
    summary = "Stream events",
    params(StreamQuery),
    responses((status = 200, body = EventView, content_type = "application/x-ndjson")),
)]
pub(super) async fn events(
    State(server): State<ServerState>,
    Query(wanted): Query<StreamQuery>,
) -> Response {
    let events = server.host.events();
    // The stream does not keep the host alive: it ends with the host.
    let next = stream::unfold(events, async |mut events| {
        Some((events.next().await?, events))
    });
    let lines = next.filter_map(move |event| {
        let happening = EventView::from(&event);
        let is_wanted = happening
            .name
            .as_deref()
            .is_none_or(|name| wanted.matches(name));
        std::future::ready(is_wanted.then(|| json_line(&happening)))
    });
    until_shutdown(lines, server.shutdown)
}
