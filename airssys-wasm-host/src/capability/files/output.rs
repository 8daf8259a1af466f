//! A stream that writes a file, with each write on a blocking thread of the deployment, where its
//! permit is checked again and its quota is charged.
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

use super::charge::WriteCharge;
use super::input::{BYTES_MAX, has_no_positions};
use super::start_check::StartCheck;
use super::wasi_filesystem::WasiFilesystem;
use crate::budget::BudgetLease;
use crate::capability::BlockingSlots;

/// A file that is written from a position onwards, or at its end.
pub(super) struct FileOutput {
    file: File,
    /// Counts the descriptor, even after the guest has dropped the file.
    _lease: Option<Arc<BudgetLease>>,
    position: WritePosition,
    blocking_slots: BlockingSlots,
    start_check: StartCheck,
    charge: Option<WriteCharge>,
    state: WriteState,
}

/// The position of a write.
#[derive(Clone, Copy)]
pub(super) enum WritePosition {
    /// An offset in bytes from the beginning of the file.
    At(u64),
    /// The end of the file at the time of the write.
    End,
}

impl WritePosition {
    /// Returns the end of a write, in bytes from the beginning of the file; 0 if it is not known.
    fn end_after(self, bytes: u64) -> u64 {
        match self {
            Self::At(position) => position.saturating_add(bytes),
            Self::End => 0,
        }
    }
}

enum WriteState {
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
        lease: Option<Arc<BudgetLease>>,
        position: WritePosition,
        blocking_slots: &BlockingSlots,
        start_check: StartCheck,
    ) -> Self {
        Self {
            file: file.clone(),
            _lease: lease,
            position,
            blocking_slots: blocking_slots.clone(),
            start_check,
            charge: None,
            state: WriteState::Ready,
        }
    }

    /// Charges each write to a quota.
    pub(super) fn with_charge(self, charge: WriteCharge) -> Self {
        Self {
            charge: Some(charge),
            ..self
        }
    }

    /// Fails once if the last write failed, and permanently if the stream is closed.
    fn take_failure(&mut self) -> StreamResult<()> {
        match std::mem::replace(&mut self.state, WriteState::Closed) {
            WriteState::Closed => Err(StreamError::Closed),
            WriteState::Failed(error) => Err(error),
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
            WriteState::Ready => {}
            WriteState::Closed => return Err(StreamError::Closed),
            WriteState::Writing(..) | WriteState::Failed(_) => {
                return Err(StreamError::trap("a write before the last one has ended"));
            }
        }
        let (file, position, length) = (self.file.clone(), self.position, bytes.len() as u64);
        let (check, charge) = (self.start_check.clone(), self.charge.clone());
        let write = move || {
            if !check.still_allows() {
                return Err(StreamError::Closed);
            }
            charge.map_or(Ok(()), |charge| {
                charge.charge(position.end_after(length), length)
            })?;
            write_once(file, position, bytes)
        };
        self.state = WriteState::Writing(self.blocking_slots.spawn(write), length);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.take_failure()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.take_failure()?;
        Ok(if matches!(self.state, WriteState::Ready) {
            BYTES_MAX
        } else {
            0
        })
    }

    /// Waits for a write in progress, so that no write is lost without the guest learning of it.
    async fn cancel(&mut self) {
        self.ready().await;
        self.state = WriteState::Closed;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {
        let WriteState::Writing(writing, length) = &mut self.state else {
            return;
        };
        let (written, length) = (writing.await, *length);
        self.state = match written.unwrap_or_else(|error| Err(StreamError::Trap(error.into()))) {
            Ok(()) => WriteState::Ready,
            Err(error) => WriteState::Failed(error),
        };
        if let (WriteState::Ready, WritePosition::At(position)) = (&self.state, &mut self.position)
        {
            *position += length;
        }
    }
}

/// Writes all bytes. Blocks.
fn write_once(file: File, position: WritePosition, bytes: Bytes) -> StreamResult<()> {
    let same = file.clone();
    let waits = || Err(StreamError::trap("a write waits for another thread"));
    let mut stream = wasmtime_stream(file, position)
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
fn wasmtime_stream(file: File, position: WritePosition) -> FsResult<DynOutputStream> {
    let mut inner = WasiFilesystem::default();
    let fd = inner.insert(Descriptor::File(file))?;
    let stream = match position {
        WritePosition::At(position) => inner.view().write_via_stream(fd, position)?,
        WritePosition::End => inner.view().append_via_stream(fd)?,
    };
    inner.remove(stream)
}
