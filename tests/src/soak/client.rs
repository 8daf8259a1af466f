//! One HTTP request on a connection of its own.
//!
//! Tests: below.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// How long an answer may take before it counts as none.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Sends a request that asks for the connection to be closed, and reads the whole answer.
pub(super) async fn ask<S, C>(connect: C, request: &str) -> io::Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Future<Output = io::Result<S>>,
{
    let asked = async {
        let mut stream = connect.await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        read(&String::from_utf8_lossy(&bytes))
    };
    timeout(PATIENCE, asked)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Reads an answer whose head says how long its body is.
fn read(text: &str) -> io::Result<Answer> {
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| broken("it has no head", text))?;
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
        (Some(status), Some(length)) if length == body.len() => Ok(Answer {
            status,
            body: body.to_owned(),
        }),
        (Some(_), Some(_)) => Err(broken("it is cut off", text)),
        _ => Err(broken("its head has no status or no length", text)),
    }
}

fn broken(why: &str, text: &str) -> io::Error {
    let start: String = text.chars().take(200).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("{why}: {start:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_whole_answers_alone() {
        let answer = read("HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nhi").expect("it is whole");
        assert_eq!((answer.status, &*answer.body), (503, "hi"));
        for text in [
            "",
            "HTTP/1.1 200 OK\r\ncontent-le",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
