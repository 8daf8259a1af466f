//! A stream outside of any instance, between its writer and its reader.
//!
//! Tests: in this file.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use airssys_wasm_core::world::ElementType;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use parking_lot::Mutex;

use super::element::StreamElement;
use crate::Result;

/// The elements of a stream that left a pipeline, one chunk at a time.
///
/// The writer waits until the previous chunk was taken. Ends with the stream, or after the error of
/// a stage on the way; dropping it earlier ends the calls that write it. Waiting for the next chunk
/// is cancel safe.
#[must_use = "a stream flows only while it is read"]
pub struct ItemStream<T> {
    chunks: BoxStream<'static, Result<Vec<T>>>,
    held: Vec<HeldValue>,
}

/// A stream on its way, to be read once: a clone is the same stream.
#[derive(Clone)]
pub(in super::super) struct Flow {
    element: ElementType,
    state: Arc<Mutex<FlowState>>,
}

/// A value that the stream needs while it lasts.
type HeldValue = Box<dyn Any + Send>;

struct FlowState {
    /// A `BoxStream` of chunks, until a reader takes it.
    chunks: Option<HeldValue>,
    held: Vec<HeldValue>,
}

impl Flow {
    pub(in super::super) fn new<T: StreamElement>(
        chunks: impl Stream<Item = Result<Vec<T>>> + Send + 'static,
    ) -> Self {
        let chunks: BoxStream<'static, Result<Vec<T>>> = chunks.fuse().boxed();
        let rest = FlowState {
            chunks: Some(Box::new(chunks)),
            held: Vec::new(),
        };
        Self {
            element: T::ELEMENT,
            state: Arc::new(Mutex::new(rest)),
        }
    }

    /// Returns the type of the elements.
    pub(in super::super) fn element(&self) -> ElementType {
        self.element
    }

    /// Returns the stream for its only reader. `None` if it has one already, or has other elements.
    pub(in super::super) fn read<T: StreamElement>(&self) -> Option<ItemStream<T>> {
        let mut rest = self.state.lock();
        let chunks = rest.chunks.take()?;
        match chunks.downcast::<BoxStream<'static, Result<Vec<T>>>>() {
            Ok(chunks) => Some(ItemStream {
                chunks: *chunks,
                held: std::mem::take(&mut rest.held),
            }),
            Err(others) => {
                rest.chunks = Some(others);
                None
            }
        }
    }

    /// Keeps `held` until the stream has ended or its reader is dropped.
    pub(in super::super) fn hold(&self, held: impl Send + 'static) {
        self.state.lock().held.push(Box::new(held));
    }
}

impl<T: Send + 'static> Stream for ItemStream<T> {
    type Item = Result<Vec<T>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.chunks.as_mut().poll_next(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.chunks = stream::empty().boxed();
            self.held.clear();
        }
        polled
    }
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.element.to_stream_type())
    }
}

/// Flows are equal if they are the same stream.
impl PartialEq for Flow {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind};

    #[test]
    fn a_flow_is_read_once_and_holds_values_until_its_end() {
        let flow = Flow::new(stream::iter([Ok(vec![1u32, 2]), Ok(vec![3])]));
        let held = Arc::new(());
        flow.hold(Arc::clone(&held));
        assert!(flow.read::<u8>().is_none());
        let mut read = flow.clone().read::<u32>().expect("it was not read before");
        assert!(flow.read::<u32>().is_none());
        let mut next =
            || futures_util::FutureExt::now_or_never(read.next()).expect("ready at once");
        assert_eq!(next().map(Result::unwrap_or_default), Some(vec![1, 2]));
        assert_eq!(next().map(Result::unwrap_or_default), Some(vec![3]));
        assert_eq!(Arc::strong_count(&held), 2);
        assert!(next().is_none());
        assert_eq!(Arc::strong_count(&held), 1);
    }

    #[test]
    fn a_flow_ends_after_an_error_and_is_not_polled_after_its_end() {
        let failed = || Err(Error::new(ErrorKind::Trapped, "it broke"));
        let mut chunks = vec![Ok(vec![1u8]), failed(), Ok(vec![2])].into_iter();
        let mut has_ended = false;
        let strict = stream::poll_fn(move |_| {
            assert!(!has_ended, "polled after the end");
            let next = chunks.next();
            has_ended = next.is_none();
            Poll::Ready(next)
        });
        let mut read = Flow::new(strict)
            .read::<u8>()
            .expect("it was not read before");
        let mut next =
            || futures_util::FutureExt::now_or_never(read.next()).expect("ready at once");
        assert!(next().is_some_and(|chunk| chunk.is_ok()));
        assert!(next().is_some_and(|chunk| chunk.is_err()));
        assert!(next().is_none());
        assert!(next().is_none());
    }
}
