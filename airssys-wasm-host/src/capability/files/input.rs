//! A stream that reads a file, with each read on a blocking thread of the deployment, where its
//! permit is checked again.
//!
//! Each read uses wasmtime's own stream once. A file without positions, such as a FIFO or a
//! terminal, is read sequentially.
//! Tests: `tests/suite/capabilities/files_special.rs`, `tests/suite/capabilities/files_stuck.rs`.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use tokio::task::JoinError;
use wasmtime_wasi::filesystem::{Descriptor, File};
use wasmtime_wasi::p2::bindings::filesystem::types::HostDescriptor;
use wasmtime_wasi::p2::{
    DynInputStream, FsResult, InputStream, Pollable, StreamError, StreamResult,
};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;

use super::start_check::StartCheck;
use super::wasi_filesystem::WasiFilesystem;
use crate::budget::BudgetLease;
use crate::capability::BlockingSlots;
use crate::capability::stream::ReadWait;

/// The most bytes in one read or write, as in wasmtime.
pub(super) const BYTES_MAX: usize = 64 * 1024;

/// The number of bytes to read when the guest waits for the stream without naming a number.
const BYTES_DEFAULT: usize = 4096;

/// A file that is read from a position onwards.
pub(super) struct FileInput {
    file: File,
    /// Counts the descriptor, even after the guest has dropped the file.
    _lease: Option<Arc<BudgetLease>>,
    position: u64,
    blocking_slots: BlockingSlots,
    start_check: StartCheck,
    read_wait: ReadWait,
    state: ReadState,
}

enum ReadState {
    Idle,
    Reading(AbortOnDropJoinHandle<Result<StreamResult<Bytes>, JoinError>>),
    /// Bytes that were read but not yet taken, or the reason that none were read.
    Done(StreamResult<Bytes>),
    Closed,
}

impl FileInput {
    pub(super) fn new(
        file: &File,
        lease: Option<Arc<BudgetLease>>,
        position: u64,
        blocking_slots: &BlockingSlots,
        start_check: StartCheck,
        read_wait: ReadWait,
    ) -> Self {
        Self {
            file: file.clone(),
            _lease: lease,
            position,
            blocking_slots: blocking_slots.clone(),
            start_check,
            read_wait,
            state: ReadState::Idle,
        }
    }

    /// Returns the next read, for a blocking thread.
    fn read_operation(
        &self,
        bytes_max: usize,
    ) -> impl FnOnce() -> StreamResult<Bytes> + Send + use<> {
        let (file, position) = (self.file.clone(), self.position);
        let check = self.start_check.clone();
        move || {
            if check.still_allows() {
                read_once(file, position, bytes_max)
            } else {
                Err(StreamError::Closed)
            }
        }
    }

    fn start_read(&mut self, bytes_max: usize) {
        let read = self.read_operation(bytes_max);
        self.state = ReadState::Reading(self.blocking_slots.spawn(read));
    }

    async fn finish_read(&mut self) {
        if let ReadState::Reading(reading) = &mut self.state {
            self.state = ReadState::Done(flatten_read(reading.await));
        }
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for FileInput {
    fn read(&mut self, bytes_max: usize) -> StreamResult<Bytes> {
        match std::mem::replace(&mut self.state, ReadState::Closed) {
            ReadState::Idle => {
                self.state = ReadState::Idle;
                if bytes_max > 0 {
                    self.start_read(bytes_max);
                }
                Ok(Bytes::new())
            }
            ReadState::Reading(reading) => {
                self.state = ReadState::Reading(reading);
                Ok(Bytes::new())
            }
            ReadState::Done(Ok(mut bytes)) => {
                let taken = bytes.split_to(bytes.len().min(bytes_max));
                self.position += taken.len() as u64;
                self.state = if bytes.is_empty() {
                    ReadState::Idle
                } else {
                    ReadState::Done(Ok(bytes))
                };
                Ok(taken)
            }
            ReadState::Done(Err(error)) => Err(error),
            ReadState::Closed => Err(StreamError::Closed),
        }
    }

    /// Reads a regular file on a blocking thread directly, without a task in between. A read that
    /// may wait for any time is stored instead, because it is interrupted when the policy changes,
    /// and must not be lost then.
    async fn blocking_read(&mut self, bytes_max: usize) -> StreamResult<Bytes> {
        self.finish_read().await;
        if matches!(self.state, ReadState::Idle) && bytes_max > 0 {
            match self.read_wait {
                ReadWait::Short => {
                    let read = self.read_operation(bytes_max);
                    let read = self.blocking_slots.run(read).await;
                    self.state = ReadState::Done(flatten_read(read));
                }
                ReadWait::Unlimited => {
                    self.start_read(bytes_max);
                    self.finish_read().await;
                }
            }
        }
        self.read(bytes_max)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {
        if matches!(self.state, ReadState::Idle) {
            self.start_read(BYTES_DEFAULT);
        }
        self.finish_read().await;
    }
}

fn flatten_read(read: Result<StreamResult<Bytes>, JoinError>) -> StreamResult<Bytes> {
    read.unwrap_or_else(|error| Err(StreamError::Trap(error.into())))
}

/// Reads once. Blocks.
fn read_once(file: File, position: u64, bytes_max: usize) -> StreamResult<Bytes> {
    let same = file.clone();
    let waits = || Err(StreamError::trap("a read waits for another thread"));
    let mut stream = wasmtime_stream(file, position)
        .map_err(|error| StreamError::LastOperationFailed(wasmtime::Error::new(error)))?;
    match stream
        .blocking_read(bytes_max)
        .now_or_never()
        .unwrap_or_else(waits)
    {
        Err(StreamError::LastOperationFailed(error)) if has_no_positions(&error) => {
            read_sequentially(&same.file, bytes_max)
        }
        read => read,
    }
}

/// Returns wasmtime's own stream.
fn wasmtime_stream(file: File, position: u64) -> FsResult<DynInputStream> {
    let mut inner = WasiFilesystem::default();
    let fd = inner.insert(Descriptor::File(file))?;
    let stream = inner.view().read_via_stream(fd, position)?;
    inner.remove(stream)
}

/// Returns `true` if an operation failed because the file has no positions.
pub(super) fn has_no_positions(error: &wasmtime::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::NotSeekable)
}

fn read_sequentially(mut file: &std::fs::File, bytes_max: usize) -> StreamResult<Bytes> {
    let mut bytes = BytesMut::zeroed(bytes_max.min(BYTES_MAX));
    loop {
        match file.read(&mut bytes) {
            Ok(0) => return Err(StreamError::Closed),
            Ok(read) => {
                bytes.truncate(read);
                return Ok(bytes.freeze());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StreamError::LastOperationFailed(error.into())),
        }
    }
}
