//! The Rust types of stream elements.
//!
//! Mirrors core's `StreamElement`: every element planned there can be passed here.
//! Tests: `tests/suite/pipelines/streams.rs`.

use airssys_wasm_core::world::ElementType;
use wasmtime::component::{ComponentType, Lift, Lower, Val};

/// The element type of a stream through a pipeline: `u8`, `u32`, `u64`, [`String`] or [`Vec<u8>`].
pub trait StreamElement: SealedElement {}

impl<T: SealedElement> StreamElement for T {}

/// Sealed, so that the types stay those of core's list.
pub trait SealedElement: ComponentType + Lift + Lower + Send + Sync + Sized + 'static {
    #[doc(hidden)]
    const ELEMENT: ElementType;

    #[doc(hidden)]
    fn into_val(self) -> Val;

    #[doc(hidden)]
    fn from_val(val: Val) -> Option<Self>;

    /// Returns the elements as bytes if they are bytes, which need no value each.
    #[doc(hidden)]
    fn into_bytes(elements: Vec<Self>) -> Result<Vec<u8>, Vec<Self>> {
        Err(elements)
    }

    /// Returns bytes as elements, if the elements are bytes.
    #[doc(hidden)]
    fn from_bytes(_bytes: Vec<u8>) -> Option<Vec<Self>> {
        None
    }
}

impl SealedElement for u8 {
    const ELEMENT: ElementType = ElementType::U8;

    fn into_val(self) -> Val {
        Val::U8(self)
    }

    fn from_val(val: Val) -> Option<Self> {
        if let Val::U8(byte) = val {
            Some(byte)
        } else {
            None
        }
    }

    fn into_bytes(elements: Vec<Self>) -> Result<Vec<u8>, Vec<Self>> {
        Ok(elements)
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Vec<Self>> {
        Some(bytes)
    }
}

macro_rules! plain {
    ($($rust:ty => $element:ident, $case:ident);* $(;)?) => {$(
        impl SealedElement for $rust {
            const ELEMENT: ElementType = ElementType::$element;

            fn into_val(self) -> Val {
                Val::$case(self)
            }

            fn from_val(val: Val) -> Option<Self> {
                if let Val::$case(plain) = val { Some(plain) } else { None }
            }
        }
    )*};
}

plain! {
    u32 => U32, U32;
    u64 => U64, U64;
    String => Text, String;
}

impl SealedElement for Vec<u8> {
    const ELEMENT: ElementType = ElementType::Bytes;

    fn into_val(self) -> Val {
        Val::List(self.into_iter().map(Val::U8).collect())
    }

    fn from_val(val: Val) -> Option<Self> {
        match val {
            Val::List(bytes) => bytes.into_iter().map(u8::from_val).collect(),
            _ => None,
        }
    }
}

/// An operation on the Rust type of an element.
pub(in super::super) trait WithElement {
    type Out;

    fn with<T: StreamElement>(self) -> Self::Out;
}

/// Runs `with` on the Rust type of `element`.
pub(in super::super) fn with_element<W: WithElement>(element: ElementType, with: W) -> W::Out {
    match element {
        ElementType::U8 => with.with::<u8>(),
        ElementType::U32 => with.with::<u32>(),
        ElementType::U64 => with.with::<u64>(),
        ElementType::Text => with.with::<String>(),
        ElementType::Bytes => with.with::<Vec<u8>>(),
    }
}
