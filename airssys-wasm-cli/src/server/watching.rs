//! What happens, a line of JSON each, for as long as somebody watches.
//!
//! Tests: the crate's `tests/watching`.

use axum::extract::{Query, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use super::Process;
use super::ending::Ending;
use super::journal::Tail;
use super::lines::{ended, line, reply};
use crate::api::{Happening, Line, Problem};

/// What is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Of this name; of all unless said.
    name: Option<String>,
    /// What comes from now on, too.
    #[serde(default)]
    follow: bool,
    /// So many of the last.
    last: Option<usize>,
}

impl Wanted {
    fn is_of(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|wanted| wanted == name)
    }
}

#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "events",
    summary = "What happens from now on",
    params(Wanted),
    responses((status = 200, body = Happening, content_type = "application/x-ndjson"), (status = "default", body = Problem)),
)]
pub(super) async fn events(
    State(process): State<Process>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let events = process.host.events();
    // A watcher keeps no host alive: the host ends the stream.
    let next = stream::unfold(events, async |mut events| {
        Some((events.next().await?, events))
    });
    let lines = next.filter_map(move |event| {
        let happening = Happening::from(&event);
        let is_wanted = happening
            .name
            .as_deref()
            .is_none_or(|name| wanted.is_of(name));
        std::future::ready(is_wanted.then(|| line(&happening)))
    });
    reply(lines, process.ending)
}

#[utoipa::path(
    get,
    path = "/v1/logs",
    operation_id = "logs",
    summary = "What guests printed",
    params(Wanted),
    responses((status = 200, body = Line, content_type = "application/x-ndjson"), (status = "default", body = Problem)),
)]
pub(super) async fn logs(State(process): State<Process>, Query(wanted): Query<Wanted>) -> Response {
    watched(
        &process.journal.lines,
        wanted,
        process.ending,
        |item| &item.name,
        |item| line(&item),
    )
}

#[utoipa::path(
    get,
    path = "/v1/audit",
    operation_id = "audit",
    summary = "What guests tried, and whether it was allowed",
    params(Wanted),
    responses((status = 200, body = serde_json::Value, content_type = "application/x-ndjson"), (status = "default", body = Problem)),
)]
pub(super) async fn audit(
    State(process): State<Process>,
    Query(wanted): Query<Wanted>,
) -> Response {
    watched(
        &process.journal.decisions,
        wanted,
        process.ending,
        |item| &item.name,
        |item| ended(item.json),
    )
}

/// The last of a journal, and what comes if that is wanted.
fn watched<T: Clone + Send + 'static>(
    journal: &Tail<T>,
    wanted: Wanted,
    ending: Ending,
    name: fn(&T) -> &str,
    told: fn(T) -> Bytes,
) -> Response {
    let (last, next) = journal.watch(|item| wanted.is_of(name(item)));
    let last = tail(last, wanted.last).into_iter().map(told);
    let next = following(next, wanted.follow)
        .filter_map(move |item| std::future::ready(wanted.is_of(name(&item)).then(|| told(item))));
    reply(stream::iter(last).chain(next), ending)
}

fn tail<T>(mut items: Vec<T>, count: Option<usize>) -> Vec<T> {
    let surplus = items.len().saturating_sub(count.unwrap_or(usize::MAX));
    items.drain(..surplus);
    items
}

/// What comes from now on, if that is wanted. What a slow watcher misses is left out.
fn following<T: Clone>(next: broadcast::Receiver<T>, wanted: bool) -> impl Stream<Item = T> {
    let next = wanted.then_some(next);
    stream::unfold(next, async |next| {
        let mut next = next?;
        loop {
            match next.recv().await {
                Ok(item) => return Some((item, Some(next))),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "somebody who watches is too slow")
                }
                Err(RecvError::Closed) => return None,
            }
        }
    })
}
