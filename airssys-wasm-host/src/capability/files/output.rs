//! A stream that writes a file, with each write on a blocking thread of the deployment.
//!
//! Each write uses wasmtime's own stream once. A file without positions, such as a FIFO or a
//! terminal, is written sequentially.
//! Tests: `tests/suite/capabilities/files.rs`, `tests/suite/capabilities/files_special.rs`.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::task::JoinError;
use wasmtime_wasi::filesystem::{Descriptor, File};
use wasmtime_wasi::p2::bindings::filesystem::types::HostDescriptor;
use wasmtime_wasi::p2::{
    DynOutputStream, FsResult, OutputStream, Pollable, StreamError, StreamResult,
};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;

use super::inner::Inner;
use super::input::{BYTES_MAX, has_no_positions};
use crate::budget::Lease;
use crate::capability::blocking::BlockingOperations;

/// A file that is written from a position onwards, or at its end.
pub(super) struct FileOutput {
    file: File,
    /// Counts the descriptor, even after the guest has dropped the file.
    _lease: Option<Arc<Lease>>,
    place: Place,
    blocking: BlockingOperations,
    state: State,
}

/// The position of a write.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// An offset in bytes from the beginning of the file.
    At(u64),
    /// The end of the file at the time of the write.
    End,
}

enum State {
    Ready,
    /// A write in progress, and its number of bytes.
    Writing(
        AbortOnDropJoinHandle<Result<StreamResult<()>, JoinError>>,
        u64,
    ),
    Failed(StreamError),
    Closed,
}

impl FileOutput {
    pub(super) fn new(
        file: &File,
        lease: Option<Arc<Lease>>,
        place: Place,
        blocking: &BlockingOperations,
    ) -> Self {
        let (file, blocking) = (file.clone(), blocking.clone());
        Self {
            file,
            _lease: lease,
            place,
            blocking,
            state: State::Ready,
        }
    }

    /// Fails once if the last write failed, and permanently if the stream is closed.
    fn check(&mut self) -> StreamResult<()> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed => Err(StreamError::Closed),
            State::Failed(error) => Err(error),
            state => {
                self.state = state;
                Ok(())
            }
        }
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        match self.state {
            State::Ready => {}
            State::Closed => return Err(StreamError::Closed),
            State::Writing(..) | State::Failed(_) => {
                return Err(StreamError::trap("a write before the last one has ended"));
            }
        }
        let (file, place, length) = (self.file.clone(), self.place, bytes.len() as u64);
        self.state = State::Writing(
            self.blocking.begin(move || write_once(file, place, bytes)),
            length,
        );
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        Ok(if matches!(self.state, State::Ready) {
            BYTES_MAX
        } else {
            0
        })
    }

    /// Waits for a write in progress, so that no write is lost without the guest learning of it.
    async fn cancel(&mut self) {
        self.ready().await;
        self.state = State::Closed;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {
        let State::Writing(writing, length) = &mut self.state else {
            return;
        };
        let (written, length) = (writing.await, *length);
        self.state = match written.unwrap_or_else(|error| Err(StreamError::Trap(error.into()))) {
            Ok(()) => State::Ready,
            Err(error) => State::Failed(error),
        };
        if let (State::Ready, Place::At(position)) = (&self.state, &mut self.place) {
            *position += length;
        }
    }
}

/// Writes all bytes. Blocks.
fn write_once(file: File, place: Place, bytes: Bytes) -> StreamResult<()> {
    let same = file.clone();
    let waits = || Err(StreamError::trap("a write waits for another thread"));
    let mut stream = stream(file, place)
        .map_err(|error| StreamError::LastOperationFailed(wasmtime::Error::new(error)))?;
    match stream
        .blocking_write_and_flush(bytes.clone())
        .now_or_never()
        .unwrap_or_else(waits)
    {
        Err(StreamError::LastOperationFailed(error)) if has_no_positions(&error) => {
            let written = (&*same.file).write_all(&bytes);
            written.map_err(|error| StreamError::LastOperationFailed(error.into()))
        }
        written => written,
    }
}

/// Returns wasmtime's own stream.
fn stream(file: File, place: Place) -> FsResult<DynOutputStream> {
    let mut inner = Inner::default();
    let fd = inner.put(Descriptor::File(file))?;
    let stream = match place {
        Place::At(position) => inner.view().write_via_stream(fd, position)?,
        Place::End => inner.view().append_via_stream(fd)?,
    };
    inner.take(stream)
}
