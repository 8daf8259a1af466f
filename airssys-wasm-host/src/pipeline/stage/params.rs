//! The parameters of a function with streams: they are created in the instance that serves the
//! call.
//!
//! Tests: `tests/suite/pipelines/streams.rs`.

use airssys_wasm_core::world::{ElementType, Function as FunctionType, Type};
use wasmtime::component::{StreamReader, Val};
use wasmtime::{AsContextMut as _, StoreContextMut};

use super::super::item::{Item, Items, StreamElement, WithElement, with_element};
use super::feed::LentStreams;
use crate::instance::InstanceState;
use crate::{Error, ErrorKind, Result};

pub(super) type StreamStore<'a> = StoreContextMut<'a, InstanceState>;

/// The parameters of one call. The streams among them have no other reader.
pub(super) struct StreamParams(Vec<StreamParam>);

/// A parameter, to be created once there is an instance to pass it to.
type StreamParam = Box<dyn for<'a> FnOnce(StreamStore<'a>) -> wasmtime::Result<Val> + Send>;

impl StreamParams {
    /// Creates the parameters of a function. The instance can read the streams among them as long
    /// as the returned guard exists.
    pub(super) fn new(items: Items, ty: &FunctionType) -> Result<(Self, LentStreams)> {
        let mut lent = LentStreams::default();
        let types = ty.params.iter().map(|param| &param.ty);
        let params: Result<_> = items
            .into_iter()
            .zip(types)
            .map(|(item, ty)| param(item, ty, &mut lent))
            .collect();
        Ok((Self(params?), lent))
    }

    /// Creates the values in the instance of a store.
    pub(super) fn lower(self, mut store: StreamStore<'_>) -> wasmtime::Result<Vec<Val>> {
        self.0
            .into_iter()
            .map(|param| param(store.as_context_mut()))
            .collect()
    }
}

fn param(item: Item, ty: &Type, lent: &mut LentStreams) -> Result<StreamParam> {
    match ElementType::from_stream(ty) {
        Some(element) => with_element(element, FedStream { item, lent }),
        None => {
            let val = item.into_val(ty)?;
            Ok(Box::new(move |_| Ok(val)))
        }
    }
}

/// An item that an instance reads as a stream.
struct FedStream<'a> {
    item: Item,
    lent: &'a mut LentStreams,
}

impl WithElement for FedStream<'_> {
    type Out = Result<StreamParam>;

    fn with<T: StreamElement>(self) -> Self::Out {
        let stream = self.item.into_stream::<T>().ok_or_else(not_readable)?;
        let feed = self.lent.feed(stream);
        Ok(Box::new(move |mut store| {
            let reader = StreamReader::new(&mut store, feed)?;
            Ok(Val::Stream(reader.try_into_stream_any(&mut store)?))
        }))
    }
}

fn not_readable() -> Error {
    Error::new(
        ErrorKind::TypeMismatch,
        "the stream was already read, or has other elements",
    )
}
