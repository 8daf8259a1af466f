//! A stream into an instance.
//!
//! Tests: `tests/suite/pipelines/streams.rs`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use parking_lot::Mutex;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};

use super::super::item::{ItemStream, StreamElement};
use crate::error::LinkFailure;
use crate::instance::InstanceState;

/// A producer that gives an instance the chunks of a flow on demand. A flow that fails ends the
/// call with its error, because a stream cannot report it to the guest.
pub(super) struct ChunkProducer<T>(Arc<Mutex<Option<ItemStream<T>>>>);

/// The streams that an instance was given to read. Dropping this takes them back: a guest that
/// holds a stream beyond its call would make the writers of the stream wait.
#[derive(Default)]
pub(super) struct LentStreams(Vec<Arc<dyn RevocableStream>>);

trait RevocableStream: Send + Sync {
    fn revoke(&self);
}

impl<T> RevocableStream for Mutex<Option<ItemStream<T>>> {
    fn revoke(&self) {
        drop(self.lock().take());
    }
}

impl LentStreams {
    /// Creates a feed that lasts as long as this.
    pub(super) fn feed<T: StreamElement>(&mut self, stream: ItemStream<T>) -> ChunkProducer<T> {
        let stream = Arc::new(Mutex::new(Some(stream)));
        let taken_back: Arc<dyn RevocableStream> = stream.clone();
        self.0.push(taken_back);
        ChunkProducer(stream)
    }
}

impl Drop for LentStreams {
    fn drop(&mut self) {
        self.0.iter().for_each(|stream| stream.revoke());
    }
}

impl<T: StreamElement> StreamProducer<InstanceState> for ChunkProducer<T> {
    type Item = T;
    type Buffer = VecBuffer<T>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, InstanceState>,
        mut destination: Destination<'a, T, VecBuffer<T>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            // A read of no elements only asks whether there are any; the next read finds out.
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let mut stream = self.0.lock();
        let Some(stream) = &mut *stream else {
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        let polled = stream.poll_next_unpin(context);
        Poll::Ready(match polled {
            Poll::Ready(Some(Ok(chunk))) if !chunk.is_empty() => {
                destination.set_buffer(chunk.into());
                Ok(StreamResult::Completed)
            }
            Poll::Ready(Some(Err(error))) => Err(LinkFailure(error).into()),
            Poll::Ready(None) => Ok(StreamResult::Dropped),
            Poll::Ready(Some(Ok(_))) | Poll::Pending if finish => Ok(StreamResult::Cancelled),
            Poll::Ready(Some(Ok(_))) => {
                // Yields, so that an endless run of empty chunks does not occupy the thread.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Pending => return Poll::Pending,
        })
    }
}
