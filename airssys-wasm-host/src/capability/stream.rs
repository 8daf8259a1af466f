//! A stream that was opened under a grant, and ends with it.
//!
//! Asks before every use whether what was allowed still is. Once it is not, the stream
//! below is dropped, which closes what it reads or writes.
//! Tests: the workspace's `tests/suite/capabilities/revoke`.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::{Authority, Permit};
use crate::observe::CallId;

/// A stream and what allows it.
pub(crate) struct Guarded<Stream> {
    /// None once it was taken back.
    stream: Option<Stream>,
    authority: Arc<Authority>,
    permit: Permit,
    call: CallId,
    waiting: Waiting,
}

/// How long a stream may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// As long as a disk takes: it need not be woken.
    ByItself,
    /// For as long as somebody else says nothing.
    ForOthers,
}

impl<Stream> Guarded<Stream> {
    /// The stream, if it is still allowed.
    fn get(&mut self) -> StreamResult<&mut Stream> {
        if !self.authority.still_allows(&mut self.permit, self.call) {
            self.stream = None;
        }
        self.stream.as_mut().ok_or(StreamError::Closed)
    }
}

/// Puts a guard before the stream that `slot` holds.
pub(crate) fn guard_input(
    table: &mut ResourceTable,
    slot: &Resource<DynInputStream>,
    authority: &Arc<Authority>,
    permit: Permit,
    call: CallId,
    waiting: Waiting,
) -> wasmtime::Result<()> {
    let place = table.get_mut(slot)?;
    let stream = Some(std::mem::replace(place, Box::new(Ended)));
    *place = Box::new(Guarded {
        stream,
        authority: Arc::clone(authority),
        permit,
        call,
        waiting,
    });
    Ok(())
}

/// Puts a guard before the stream that `slot` holds.
pub(crate) fn guard_output(
    table: &mut ResourceTable,
    slot: &Resource<DynOutputStream>,
    authority: &Arc<Authority>,
    permit: Permit,
    call: CallId,
) -> wasmtime::Result<()> {
    let place = table.get_mut(slot)?;
    let stream = Some(std::mem::replace(place, Box::new(Ended)));
    let waiting = Waiting::ForOthers;
    *place = Box::new(Guarded {
        stream,
        authority: Arc::clone(authority),
        permit,
        call,
        waiting,
    });
    Ok(())
}

#[wasmtime_wasi::async_trait]
impl<Stream: Pollable> Pollable for Guarded<Stream> {
    /// Ready as well when it may have been taken back: the next use will tell.
    async fn ready(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        tokio::select! {
            () = stream.ready() => {}
            () = self.authority.ended(&self.permit) => {}
        }
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for Guarded<DynInputStream> {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.get()?.read(size)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.waiting == Waiting::ByItself {
            return self.get()?.blocking_read(size).await;
        }
        loop {
            self.get()?;
            let Some(stream) = &mut self.stream else {
                return Err(StreamError::Closed);
            };
            tokio::select! {
                bytes = stream.blocking_read(size) => return bytes,
                () = self.authority.ended(&self.permit) => {}
            }
        }
    }

    fn skip(&mut self, nelem: usize) -> StreamResult<usize> {
        self.get()?.skip(nelem)
    }

    async fn cancel(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.cancel().await;
        }
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Guarded<DynOutputStream> {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.get()?.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.get()?.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.get()?.check_write()
    }

    async fn cancel(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.cancel().await;
        }
    }
}

/// What is left of a stream: it is closed.
pub(crate) struct Ended;

#[wasmtime_wasi::async_trait]
impl Pollable for Ended {
    async fn ready(&mut self) {}
}

impl InputStream for Ended {
    fn read(&mut self, _: usize) -> StreamResult<Bytes> {
        Err(StreamError::Closed)
    }
}

impl OutputStream for Ended {
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
