//! Streams that are opened under a grant and end with it.
//!
//! Checks before every use that the permit still holds. Once it does not, drops the inner stream,
//! which closes what it reads or writes.
//! Tests: `tests/suite/capabilities/revoke.rs`.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::{Authority, Permit};
use crate::observe::CallId;

/// A stream with the permit under which it was opened.
pub(crate) struct GuardedStream<Stream> {
    /// `None` once the permit has ended.
    stream: Option<Stream>,
    authority: Arc<Authority>,
    permit: Permit,
    call: CallId,
    read_wait: ReadWait,
}

/// The time for which a blocking read may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadWait {
    /// The time of a disk access, which needs no interruption.
    Short,
    /// Any time, until another party sends something.
    Unlimited,
}

impl<Stream> GuardedStream<Stream> {
    /// Returns the stream, if its permit still holds.
    fn permitted(&mut self) -> StreamResult<&mut Stream> {
        if !self.authority.still_allows(&mut self.permit, self.call) {
            self.stream = None;
        }
        self.stream.as_mut().ok_or(StreamError::Closed)
    }
}

/// Replaces the input stream in `slot` with a guarded stream, which checks its permit.
pub(crate) fn guard_input(
    table: &mut ResourceTable,
    slot: &Resource<DynInputStream>,
    authority: &Arc<Authority>,
    permit: Permit,
    call: CallId,
    waiting: ReadWait,
) -> wasmtime::Result<()> {
    let place = table.get_mut(slot)?;
    let stream = Some(std::mem::replace(place, Box::new(ClosedStream)));
    *place = Box::new(GuardedStream {
        stream,
        authority: Arc::clone(authority),
        permit,
        call,
        read_wait: waiting,
    });
    Ok(())
}

/// Replaces the output stream in `slot` with a guarded stream, which checks its permit.
pub(crate) fn guard_output(
    table: &mut ResourceTable,
    slot: &Resource<DynOutputStream>,
    authority: &Arc<Authority>,
    permit: Permit,
    call: CallId,
) -> wasmtime::Result<()> {
    let place = table.get_mut(slot)?;
    let stream = Some(std::mem::replace(place, Box::new(ClosedStream)));
    let waiting = ReadWait::Unlimited;
    *place = Box::new(GuardedStream {
        stream,
        authority: Arc::clone(authority),
        permit,
        call,
        read_wait: waiting,
    });
    Ok(())
}

#[wasmtime_wasi::async_trait]
impl<Stream: Pollable> Pollable for GuardedStream<Stream> {
    /// Also ready when the permit may have ended; the next use finds out.
    async fn ready(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        tokio::select! {
            () = stream.ready() => {}
            () = self.authority.until_permit_ends(&self.permit) => {}
        }
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for GuardedStream<DynInputStream> {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.permitted()?.read(size)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.read_wait == ReadWait::Short {
            return self.permitted()?.blocking_read(size).await;
        }
        loop {
            self.permitted()?;
            let Some(stream) = &mut self.stream else {
                return Err(StreamError::Closed);
            };
            tokio::select! {
                bytes = stream.blocking_read(size) => return bytes,
                () = self.authority.until_permit_ends(&self.permit) => {}
            }
        }
    }

    fn skip(&mut self, nelem: usize) -> StreamResult<usize> {
        self.permitted()?.skip(nelem)
    }

    async fn cancel(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.cancel().await;
        }
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for GuardedStream<DynOutputStream> {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.permitted()?.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.permitted()?.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.permitted()?.check_write()
    }

    async fn cancel(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.cancel().await;
        }
    }
}

/// A closed stream, which replaces a removed one.
pub(crate) struct ClosedStream;

#[wasmtime_wasi::async_trait]
impl Pollable for ClosedStream {
    async fn ready(&mut self) {}
}

impl InputStream for ClosedStream {
    fn read(&mut self, _: usize) -> StreamResult<Bytes> {
        Err(StreamError::Closed)
    }
}

impl OutputStream for ClosedStream {
    fn write(&mut self, _: Bytes) -> StreamResult<()> {
        Err(StreamError::Closed)
    }

    fn flush(&mut self) -> StreamResult<()> {
        Err(StreamError::Closed)
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Err(StreamError::Closed)
    }
}
