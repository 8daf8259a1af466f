//! Sends one HTTP request on its own connection.
//!
//! Tests: in this file.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// Time after which a request counts as unanswered.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct HttpResponse {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Sends a request with `connection: close` and reads the whole response.
pub(super) async fn ask<S, C>(connect: C, request: &str) -> io::Result<HttpResponse>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Future<Output = io::Result<S>>,
{
    let asked = async {
        let mut stream = connect.await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        parse_response(&String::from_utf8_lossy(&bytes))
    };
    timeout(TIMEOUT, asked)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Parses a response with a `content-length` header.
fn parse_response(text: &str) -> io::Result<HttpResponse> {
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| invalid_response("the head is missing", text))?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            value.trim().parse::<usize>().ok()
        } else {
            None
        }
    });
    match (status, length) {
        (Some(status), Some(length)) if length == body.len() => Ok(HttpResponse {
            status,
            body: body.to_owned(),
        }),
        (Some(_), Some(_)) => Err(invalid_response("the body is incomplete", text)),
        _ => Err(invalid_response(
            "the head has no status or no length",
            text,
        )),
    }
}

fn invalid_response(why: &str, text: &str) -> io::Error {
    let start: String = text.chars().take(200).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("{why}: {start:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_complete_responses() {
        let answer = parse_response("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nhi")
            .expect("a complete response");
        assert_eq!((answer.status, &*answer.body), (503, "hi"));
        for text in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-le",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi",
        ] {
            assert!(parse_response(text).is_err(), "{text}");
        }
    }
}
