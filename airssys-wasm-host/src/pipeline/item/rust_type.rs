//! The Rust types whose values are items.
//!
//! Tests: `tests/suite/pipelines/typed.rs`, `tests/suite/pipelines/lanes.rs`.

use airssys_wasm_core::Value;
use airssys_wasm_core::world::Type;
use wasmtime::component::Val;

use super::{Item, ItemValue};
use crate::function::PlainSource;

/// A Rust value taken from an item of its type.
pub trait FromItem: Sized {
    #[doc(hidden)]
    fn from_item(item: Item) -> Option<Self>;
}

/// A Rust type whose values are items: numbers, `bool`, `char`, `String` and `Vec<u8>`.
///
/// Sealed: everything else that a stage takes or returns is a [`Value`].
pub trait ItemType: Into<Item> + FromItem + Send + 'static {
    /// Returns the WIT type.
    fn wit_type() -> Type;
}

macro_rules! item_types {
    ($($rust:ty => $case:ident),* $(,)?) => {$(
        impl ItemType for $rust {
            fn wit_type() -> Type {
                Type::$case
            }
        }
    )*};
}

item_types! {
    bool => Bool, i8 => S8, u8 => U8, i16 => S16, u16 => U16, i32 => S32, u32 => U32, i64 => S64,
    u64 => U64, f32 => F32, f64 => F64, char => Char, String => String,
}

impl ItemType for Vec<u8> {
    fn wit_type() -> Type {
        Type::List(Box::new(Type::U8))
    }
}

macro_rules! plain {
    ($($rust:ty => $case:ident),* $(,)?) => {$(
        impl From<$rust> for Item {
            fn from(plain: $rust) -> Self {
                Self(ItemValue::Value(plain.into()))
            }
        }

        impl FromItem for $rust {
            fn from_item(item: Item) -> Option<Self> {
                match item.into_value().ok()? {
                    Value::$case(plain) => Some(plain),
                    _ => None,
                }
            }
        }
    )*};
}

plain! {
    bool => Bool, i8 => S8, u8 => U8, i16 => S16, u16 => U16, i32 => S32, i64 => S64, f32 => F32,
    f64 => F64, char => Char,
}

impl From<Vec<u8>> for Item {
    fn from(bytes: Vec<u8>) -> Self {
        Self(ItemValue::Bytes(bytes))
    }
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        Self(ItemValue::Text(text))
    }
}

impl From<&str> for Item {
    fn from(text: &str) -> Self {
        Self(ItemValue::Text(text.into()))
    }
}

impl From<u32> for Item {
    fn from(number: u32) -> Self {
        Self(ItemValue::U32(number))
    }
}

impl From<u64> for Item {
    fn from(number: u64) -> Self {
        Self(ItemValue::U64(number))
    }
}

impl FromItem for Vec<u8> {
    fn from_item(item: Item) -> Option<Self> {
        item.into_bytes()
    }
}

impl FromItem for String {
    fn from_item(item: Item) -> Option<Self> {
        item.into_text()
    }
}

impl FromItem for u32 {
    fn from_item(item: Item) -> Option<Self> {
        item.into_u64().and_then(|number| number.try_into().ok())
    }
}

impl FromItem for u64 {
    fn from_item(item: Item) -> Option<Self> {
        item.into_u64()
    }
}

impl PlainSource for Item {
    fn into_plain_bytes(self) -> Option<Vec<u8>> {
        self.into_bytes()
    }

    fn into_plain_text(self) -> Option<String> {
        self.into_text()
    }

    fn into_plain_number(self) -> Option<u64> {
        self.into_u64()
    }
}

impl Item {
    fn into_u64(self) -> Option<u64> {
        match self.0 {
            ItemValue::U32(number)
            | ItemValue::Val(Val::U32(number))
            | ItemValue::Value(Value::U32(number)) => Some(number.into()),
            ItemValue::U64(number)
            | ItemValue::Val(Val::U64(number))
            | ItemValue::Value(Value::U64(number)) => Some(number),
            _ => None,
        }
    }
}
