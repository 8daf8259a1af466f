//! Lines, as they come and as they go.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;

use super::ending::Ending;
use crate::api::{Problem, kinds};

/// The longest line that is taken, in bytes.
const LINE_BYTES_MAX: usize = 16 << 20;

/// A value as a line of JSON.
pub(super) fn line(value: &impl Serialize) -> Bytes {
    // What is told has texts and numbers, which JSON can always say.
    ended(serde_json::to_string(value).unwrap_or_default())
}

pub(super) fn ended(mut json: String) -> Bytes {
    json.push('\n');
    json.into()
}

/// Values, a line of JSON each.
pub(super) fn ndjson<T: Serialize>(values: impl Stream<Item = T> + Send + 'static) -> Response {
    whole(values.map(|value| line(&value)))
}

/// Lines, until the process ends.
pub(super) fn reply(lines: impl Stream<Item = Bytes> + Send + 'static, ending: Ending) -> Response {
    whole(lines.take_until(ending.begun()))
}

fn whole(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let lines = lines.map(Ok::<_, Infallible>);
    ([(http::header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

/// The lines of a body as they come; empty ones are left out.
pub(super) fn lines(body: Body) -> impl Stream<Item = Result<String, Problem>> + Send + 'static {
    let begun = (body.into_data_stream(), Vec::new(), false);
    let lines = stream::unfold(begun, async |(mut body, mut begun, mut is_over)| {
        loop {
            if let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = begun.drain(..=end).collect();
                return Some((text(line), (body, begun, is_over)));
            }
            if is_over {
                let line = std::mem::take(&mut begun);
                return if line.is_empty() { None } else { Some((text(line), (body, begun, true))) };
            }
            match body.next().await {
                Some(Ok(_)) if begun.len() > LINE_BYTES_MAX => {
                    return Some((Err(too_long()), (body, Vec::new(), true)));
                }
                Some(Ok(bytes)) => begun.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    let problem =
                        Problem::new(kinds::PROTOCOL, "what came stopped in the middle").because(error);
                    return Some((Err(problem), (body, Vec::new(), true)));
                }
                None => is_over = true,
            }
        }
    });
    lines.filter(|line| std::future::ready(!matches!(line, Ok(line) if line.is_empty())))
}

fn text(line: Vec<u8>) -> Result<String, Problem> {
    let line = String::from_utf8(line);
    line.map(|line| line.trim().to_owned()).map_err(|_| Problem::new(kinds::USAGE, "a line is no text"))
}

fn too_long() -> Problem {
    Problem::new(kinds::USAGE, format!("a line is longer than {LINE_BYTES_MAX} bytes"))
}
