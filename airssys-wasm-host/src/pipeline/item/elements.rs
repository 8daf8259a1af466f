//! Items that are lists or streams of elements.
//!
//! Tests: `tests/suite/pipelines/streams.rs`.

use airssys_wasm_core::world::{ElementType, Type};
use futures_util::stream;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future};
use wasmtime::component::Val;

use super::element::StreamElement;
use super::flow::{Flow, ItemStream};
use super::{Item, ItemValue};
use crate::{Error, ErrorKind, Result};

impl Item {
    /// Creates an item that is a stream of the elements of some chunks. Nothing is taken from them
    /// before a stage reads. A clone of the item is the same stream, which goes to the first
    /// reader.
    ///
    /// ```
    /// use airssys_wasm_host::pipeline::Item;
    /// use futures_util::stream;
    ///
    /// let lines = Item::from_stream(stream::iter([vec!["Ada".to_owned()], vec!["Bob".to_owned()]]));
    /// assert!(lines.into_stream::<String>().is_some());
    /// ```
    pub fn from_stream<T: StreamElement>(
        chunks: impl Stream<Item = Vec<T>> + Send + 'static,
    ) -> Self {
        Self::from_flow(Flow::new(chunks.map(Ok)))
    }

    /// Creates an item that is a stream of chunks that may fail. After a failure, the reader of the
    /// stream fails with [`InputFailed`](ErrorKind::InputFailed).
    pub fn try_from_stream<T, E>(
        chunks: impl Stream<Item = Result<Vec<T>, E>> + Send + 'static,
    ) -> Self
    where
        T: StreamElement,
        E: std::error::Error + Send + Sync + 'static,
    {
        Self::from_flow(Flow::new(chunks.map_err(input_failed)))
    }

    /// Returns the elements, if it is a list of them or an unread stream.
    #[must_use]
    pub fn into_stream<T: StreamElement>(self) -> Option<ItemStream<T>> {
        match self.0 {
            ItemValue::Stream(flow) => flow.read(),
            list => {
                let elements = Self(list).into_elements::<T>()?;
                Flow::new(stream::once(future::ready(Ok(elements)))).read()
            }
        }
    }

    pub(in super::super) fn from_flow(flow: Flow) -> Self {
        Self(ItemValue::Stream(flow))
    }

    /// Creates an item that is a list of elements.
    pub(in super::super) fn from_elements<T: StreamElement>(elements: Vec<T>) -> Self {
        match T::into_bytes(elements) {
            Ok(bytes) => Self::from(bytes),
            Err(elements) => {
                let list = elements.into_iter().map(T::into_val).collect();
                Self::from_val(Val::List(list))
            }
        }
    }

    /// Returns the elements, if it is a list of them.
    pub(in super::super) fn into_elements<T: StreamElement>(self) -> Option<Vec<T>> {
        if T::ELEMENT == ElementType::U8 {
            return T::from_bytes(self.into_bytes()?);
        }
        let list = Type::List(Box::new(T::ELEMENT.to_type()));
        match self.into_val(&list).ok()? {
            Val::List(elements) => elements.into_iter().map(T::from_val).collect(),
            _ => None,
        }
    }

    /// Keeps `held` until the item's stream has ended. Returns it if the item is not a stream.
    pub(in super::super) fn hold_until_end<T: Send + 'static>(&self, held: T) -> Option<T> {
        match &self.0 {
            ItemValue::Stream(flow) => {
                flow.hold(held);
                None
            }
            _ => Some(held),
        }
    }
}

fn input_failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("an input stream of the pipeline failed: {error}");
    Error::new(ErrorKind::InputFailed, message).with_source(error)
}
