//! Responses that consist of lines of JSON.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use super::ending::Ending;

/// Formats a value as a line of JSON.
pub(super) fn line(value: &impl Serialize) -> Bytes {
    // Cannot fail: responses consist of strings and numbers.
    ended(serde_json::to_string(value).unwrap_or_default())
}

/// Appends a line ending.
pub(super) fn ended(mut json: String) -> Bytes {
    json.push('\n');
    json.into()
}

/// Returns a response with one line of JSON per value.
pub(super) fn ndjson<T: Serialize>(values: impl Stream<Item = T> + Send + 'static) -> Response {
    whole(values.map(|value| line(&value)))
}

/// Returns a response of lines that ends when the host process shuts down.
pub(super) fn reply(lines: impl Stream<Item = Bytes> + Send + 'static, ending: Ending) -> Response {
    whole(lines.take_until(ending.begun()))
}

fn whole(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let lines = lines.map(Ok::<_, Infallible>);
    (
        [(http::header::CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    )
        .into_response()
}
