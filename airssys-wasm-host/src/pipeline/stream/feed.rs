//! A flow into an instance.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use wasmtime::StoreContextMut;
use wasmtime::component::{Destination, StreamProducer, StreamResult, VecBuffer};

use super::{ItemStream, StreamElement};
use crate::instance::InstanceState;
use crate::link::LinkFailed;

/// Gives an instance the chunks of a flow as it asks for them. A flow that fails ends the
/// call with its error: a stream has no way to tell the guest.
pub(super) struct Feed<T>(pub(super) ItemStream<T>);

impl<T: StreamElement> StreamProducer<InstanceState> for Feed<T> {
    type Item = T;
    type Buffer = VecBuffer<T>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, InstanceState>,
        mut destination: Destination<'a, T, VecBuffer<T>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            // Asks whether there is something, and will hear by trying.
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        loop {
            return Poll::Ready(match self.0.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(chunk))) if chunk.is_empty() => continue,
                Poll::Ready(Some(Ok(chunk))) => {
                    destination.set_buffer(chunk.into());
                    Ok(StreamResult::Completed)
                }
                Poll::Ready(Some(Err(error))) => Err(LinkFailed(error).into()),
                Poll::Ready(None) => Ok(StreamResult::Dropped),
                Poll::Pending if finish => Ok(StreamResult::Cancelled),
                Poll::Pending => return Poll::Pending,
            });
        }
    }
}
