//! Responses that consist of lines of JSON.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use super::shutdown::Shutdown;

/// Formats a value as a line of JSON.
pub(super) fn json_line(value: &impl Serialize) -> Bytes {
    // Cannot fail: responses consist of strings and numbers.
    with_newline(serde_json::to_string(value).unwrap_or_default())
}

/// Appends a line ending.
pub(super) fn with_newline(mut json: String) -> Bytes {
    json.push('\n');
    json.into()
}

/// Returns a response with one line of JSON per value.
pub(super) fn ndjson<T: Serialize>(values: impl Stream<Item = T> + Send + 'static) -> Response {
    line_response(values.map(|value| json_line(&value)))
}

/// Returns a response of lines that ends when the host process shuts down.
pub(super) fn until_shutdown(
    lines: impl Stream<Item = Bytes> + Send + 'static,
    shutdown: Shutdown,
) -> Response {
    line_response(lines.take_until(shutdown.started()))
}

fn line_response(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let lines = lines.map(Ok::<_, Infallible>);
    (
        [(http::header::CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    )
        .into_response()
}
