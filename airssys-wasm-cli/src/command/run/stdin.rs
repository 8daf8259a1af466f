//! The stdin of this process, for a program that reads it.
//!
//! A separate thread reads stdin one chunk ahead, starting with the first read of the program. The
//! thread may block on a terminal without keeping the process from exiting.

use std::io::Read as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc;

/// The maximum size of a chunk, in bytes.
const CHUNK_BYTES: usize = 16 << 10;

/// A reader of stdin that starts its thread on the first read.
#[derive(Default)]
pub(super) struct LazyStdin {
    chunks: Option<mpsc::Receiver<std::io::Result<Bytes>>>,
    remaining: Bytes,
}

impl AsyncRead for LazyStdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        if this.remaining.is_empty() {
            let pieces = match &mut this.chunks {
                Some(pieces) => pieces,
                none => none.insert(spawn_reader()?),
            };
            match ready!(pieces.poll_recv(context)) {
                Some(piece) => this.remaining = piece?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let bytes = this.remaining.len().min(buffer.remaining());
        buffer.put_slice(&this.remaining[..bytes]);
        this.remaining.advance(bytes);
        Poll::Ready(Ok(()))
    }
}

fn spawn_reader() -> std::io::Result<mpsc::Receiver<std::io::Result<Bytes>>> {
    let (pieces, receiver) = mpsc::channel(1);
    std::thread::Builder::new()
        .name("stdin".into())
        .spawn(move || {
            let mut buffer = vec![0; CHUNK_BYTES];
            loop {
                let piece = match std::io::stdin().lock().read(&mut buffer) {
                    Ok(0) => return,
                    Ok(bytes) => Ok(Bytes::copy_from_slice(&buffer[..bytes])),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                let is_last = piece.is_err();
                if pieces.blocking_send(piece).is_err() || is_last {
                    return;
                }
            }
        })?;
    Ok(receiver)
}
