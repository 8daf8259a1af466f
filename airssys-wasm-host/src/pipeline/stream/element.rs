//! The Rust types of stream elements.
//!
//! Mirrors core's `Element`: every element planned there can be passed here.

use airssys_wasm_core::world::Element;
use wasmtime::component::{ComponentType, Lift, Lower, Val};

use super::super::item::{Held, Item};

/// The element type of a stream through a pipeline: `u8`, `u32`, `u64`, [`String`] or [`Vec<u8>`].
pub trait StreamElement: Sealed {}

impl<T: Sealed> StreamElement for T {}

/// Sealed, so that the types stay those of core's list.
pub trait Sealed: ComponentType + Lift + Lower + Send + Sync + Sized + 'static {
    #[doc(hidden)]
    const ELEMENT: Element;

    #[doc(hidden)]
    fn into_val(self) -> Val;

    #[doc(hidden)]
    fn from_val(val: Val) -> Option<Self>;

    /// Returns a list of elements as an item.
    #[doc(hidden)]
    fn list(elements: Vec<Self>) -> Item {
        Item(Held::Val(Val::List(
            elements.into_iter().map(Self::into_val).collect(),
        )))
    }

    /// Returns the elements of an item that is a list.
    #[doc(hidden)]
    fn of_list(item: Item) -> Option<Vec<Self>> {
        let ty = airssys_wasm_core::world::Type::List(Box::new(Self::ELEMENT.ty()));
        match item.into_val(&ty).ok()? {
            Val::List(elements) => elements.into_iter().map(Self::from_val).collect(),
            _ => None,
        }
    }
}

impl Sealed for u8 {
    const ELEMENT: Element = Element::U8;

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

    fn list(elements: Vec<Self>) -> Item {
        Item::from(elements)
    }

    fn of_list(item: Item) -> Option<Vec<Self>> {
        item.into_bytes()
    }
}

macro_rules! plain {
    ($($rust:ty => $element:ident, $case:ident);* $(;)?) => {$(
        impl Sealed for $rust {
            const ELEMENT: Element = Element::$element;

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

impl Sealed for Vec<u8> {
    const ELEMENT: Element = Element::Bytes;

    fn into_val(self) -> Val {
        Val::List(self.into_iter().map(Val::U8).collect())
    }

    fn from_val(val: Val) -> Option<Self> {
        Item(Held::Val(val)).into_bytes()
    }
}

/// An operation on the Rust type of an element.
pub(super) trait WithElement {
    type Out;

    fn with<T: StreamElement>(self) -> Self::Out;
}

/// Runs `with` on the Rust type of `element`.
pub(super) fn with_element<W: WithElement>(element: Element, with: W) -> W::Out {
    match element {
        Element::U8 => with.with::<u8>(),
        Element::U32 => with.with::<u32>(),
        Element::U64 => with.with::<u64>(),
        Element::Text => with.with::<String>(),
        Element::Bytes => with.with::<Vec<u8>>(),
    }
}
