//! A guest's stdout or stderr, cut into lines for the host's log.
//!
//! Never blocks the guest and never fails it: what is beyond the budget is
//! dropped and counted. Tests: below; floods in the workspace's `tests/limits`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use airssys_wasm_core::ComponentName;
use bytes::Bytes;
use parking_lot::Mutex;
use semver::Version;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::engine::Clock;
use crate::observe::{GuestLine, GuestLog, GuestStream, LogBudget};

/// The longest line; a longer one comes in pieces.
const LINE_BYTES_MAX: usize = 8 << 10;

/// What a guest may write at once.
const WRITE_BYTES_MAX: usize = 64 << 10;

/// Prints for one revision: knows who it is and how much it may still print.
pub(crate) struct Printer {
    pub(crate) component: ComponentName,
    pub(crate) revision: u64,
    pub(crate) version: Option<Version>,
    pub(crate) log: Arc<dyn GuestLog>,
    pub(crate) budget: LogBudget,
    pub(crate) clock: Arc<Clock>,
}

impl Printer {
    pub(crate) fn print(&self, stream: GuestStream, line: &[u8]) {
        if let Some(dropped_before) = self.budget.take(line.len() + 1, self.clock.now()) {
            self.log.line(GuestLine {
                component: &self.component,
                revision: self.revision,
                version: self.version.as_ref(),
                stream,
                text: &String::from_utf8_lossy(line),
                dropped_before,
            });
        }
    }
}

/// One stream of one instance. Clones share the unfinished line.
#[derive(Clone)]
pub(crate) struct LogStream(Arc<Shared>);

struct Shared {
    printer: Arc<Printer>,
    stream: GuestStream,
    unfinished: Mutex<Vec<u8>>,
}

impl LogStream {
    pub(crate) fn new(printer: Arc<Printer>, stream: GuestStream) -> Self {
        Self(Arc::new(Shared { printer, stream, unfinished: Mutex::default() }))
    }

    fn take(&self, bytes: &[u8]) {
        let mut unfinished = self.0.unfinished.lock();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LINE_BYTES_MAX) {
                unfinished.extend_from_slice(part);
                if unfinished.ends_with(b"\n") || unfinished.len() >= LINE_BYTES_MAX {
                    self.0.print(&mut unfinished);
                }
            }
        }
    }
}

impl Shared {
    fn print(&self, line: &mut Vec<u8>) {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        self.printer.print(self.stream, text.strip_suffix(b"\r").unwrap_or(text));
        line.clear();
    }
}

impl Drop for Shared {
    /// A guest that ends in the middle of a line has still said it.
    fn drop(&mut self) {
        let mut line = std::mem::take(self.unfinished.get_mut());
        if !line.is_empty() {
            self.print(&mut line);
        }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl GuestLog for Lines {
        fn line(&self, line: GuestLine<'_>) {
            self.0.lock().push(line.text.to_owned());
        }
    }

    fn stream(log: &Arc<Lines>) -> LogStream {
        let printer = Printer {
            component: "test".parse().expect("a name"),
            revision: 1,
            version: None,
            log: Arc::clone(log) as Arc<dyn GuestLog>,
            budget: LogBudget::new(usize::MAX),
            clock: Arc::default(),
        };
        LogStream::new(Arc::new(printer), GuestStream::Stdout)
    }

    #[test]
    fn cuts_writes_into_lines() {
        let log = Arc::new(Lines::default());
        let stream = stream(&log);
        stream.take(b"one\ntw");
        stream.take(b"o\r\n\nthree");
        drop(stream);
        assert_eq!(*log.0.lock(), ["one", "two", "", "three"]);
    }

    #[test]
    fn an_endless_line_comes_in_pieces_and_holds_little_memory() {
        let log = Arc::new(Lines::default());
        let stream = stream(&log);
        stream.take(&vec![b'x'; 3 * LINE_BYTES_MAX + 1]);
        assert_eq!(log.0.lock().len(), 3);
        assert!(stream.0.unfinished.lock().capacity() <= 2 * LINE_BYTES_MAX);
    }
}
