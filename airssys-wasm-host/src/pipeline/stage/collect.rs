//! A stream out of an instance.
//!
//! Tests: `tests/suite/pipelines/streams.rs`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::{mpsc, oneshot};
use wasmtime::StoreContextMut;
use wasmtime::component::{Source, StreamConsumer, StreamResult};

use super::super::item::StreamElement;
use crate::Result;
use crate::instance::InstanceState;

/// The most elements taken at once.
const CHUNK_ELEMENTS_MAX: usize = 64 << 10;

/// A consumer that takes what an instance writes, one chunk at a time, when the reader has room for
/// it.
pub(super) struct ChunkConsumer<T> {
    pub(super) to: mpsc::Sender<Result<Vec<T>>>,
    /// Dropped together with this, which signals the end of the stream.
    pub(super) _end_signal: oneshot::Sender<Infallible>,
}

impl<T: StreamElement> StreamConsumer<InstanceState> for ChunkConsumer<T> {
    type Item = T;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut store: StoreContextMut<'_, InstanceState>,
        mut source: Source<'_, T>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        match self.to.poll_ready(context) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => return Poll::Pending,
        }
        let waiting = source.remaining(&mut store);
        if waiting > 0 {
            let mut chunk = Vec::with_capacity(waiting.min(CHUNK_ELEMENTS_MAX));
            source.read(&mut store, &mut chunk)?;
            if self.to.try_send(Ok(chunk)).is_err() {
                return Poll::Ready(Ok(StreamResult::Dropped));
            }
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}
