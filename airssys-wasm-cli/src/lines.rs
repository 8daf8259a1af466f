//! Splits a body into lines as it arrives.
//!
//! Tests: in this file.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use crate::api::{Problem, kinds};

/// The maximum length of a line, in bytes.
const LINE_BYTES_MAX: usize = 64 << 20;

/// Splits a stream of chunks into trimmed lines, skipping empty ones.
///
/// The stream ends after the first error.
pub(crate) fn lines<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    chunks: impl Stream<Item = Result<Bytes, E>>,
) -> impl Stream<Item = Result<String, Problem>> {
    let reader = StreamReader::new(chunks.map_err(io::Error::other));
    let lines = FramedRead::new(reader, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
    let lines = lines
        .map_ok(|line| line.trim().to_owned())
        .map_err(line_problem);
    lines.try_filter(|line| std::future::ready(!line.is_empty()))
}

fn line_problem(error: LinesCodecError) -> Problem {
    match error {
        LinesCodecError::MaxLineLengthExceeded => Problem::new(
            kinds::USAGE,
            format!("a line is longer than {LINE_BYTES_MAX} bytes"),
        ),
        LinesCodecError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            Problem::new(kinds::USAGE, "a line is not valid UTF-8").with_cause(error)
        }
        LinesCodecError::Io(error) => Problem::new(
            kinds::PROTOCOL,
            "the connection failed before the end of the body",
        )
        .with_cause(error),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    async fn split_chunks(chunks: &[&'static [u8]]) -> Vec<Result<String, String>> {
        let chunks: Vec<io::Result<Bytes>> = chunks
            .iter()
            .map(|chunk| Ok(Bytes::from_static(chunk)))
            .collect();
        let lines = lines(futures_util::stream::iter(chunks));
        lines
            .map(|line| line.map_err(|problem| problem.message))
            .collect()
            .await
    }

    #[tokio::test]
    async fn a_line_may_span_chunks_and_the_last_needs_no_line_feed() {
        let lines = split_chunks(&[b"on", b"e\n\n  \ntwo\r\nth", b"ree"]).await;
        assert_eq!(
            lines,
            [Ok("one".into()), Ok("two".into()), Ok("three".into())]
        );
    }

    #[tokio::test]
    async fn invalid_utf8_and_overlong_lines_are_errors() {
        assert_eq!(
            split_chunks(&[b"one\n", b"\xff\n"]).await,
            [Ok("one".into()), Err("a line is not valid UTF-8".into())]
        );
        let long: &[u8] = vec![b'x'; LINE_BYTES_MAX + 2].leak();
        let lines = split_chunks(&[long]).await;
        assert!(
            matches!(&lines[..], [Err(problem)] if problem.contains("longer")),
            "{}",
            lines.len()
        );
    }
}
