//! Values on their way through a pipeline.
//!
//! | file | contents |
//! |---|---|
//! | `rust_type` | the Rust types whose values are items |
//! | `wit_type` | items checked against and converted to WIT types |
//! | `elements` | items that are lists or streams |
//! | `element`, `flow` | the Rust types of elements; a stream between its writer and its reader |
//!
//! Bytes and text stay as they are from one plain signature to the next; everything else is passed
//! as a dynamic value.
//! Tests: `tests/suite/pipelines`.

mod element;
mod elements;
mod flow;
mod rust_type;
mod wit_type;

use airssys_wasm_core::Value;
use smallvec::SmallVec;
use wasmtime::component::Val;

pub use element::StreamElement;
pub(super) use element::{WithElement, with_element};
pub(super) use flow::Flow;
pub use flow::ItemStream;
pub use rust_type::ItemType;

use crate::function::values;
use crate::{Error, ErrorKind, Result};

/// A value that enters or leaves a pipeline, or is between two of its stages.
///
/// ```
/// use airssys_wasm_host::{Value, pipeline::Item};
///
/// assert_eq!(Item::from("Ada").into_value()?, Value::String("Ada".into()));
/// assert_eq!(Item::from(vec![1u8, 2]).into_bytes(), Some(vec![1, 2]));
/// # Ok::<(), airssys_wasm_host::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Item(pub(super) ItemValue);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ItemValue {
    Bytes(Vec<u8>),
    Text(String),
    U32(u32),
    U64(u64),
    /// A value of any type, as the runtime has it.
    Val(Val),
    /// A value of any type from outside the pipeline.
    Value(Value),
    Stream(Flow),
}

/// The inputs of a pipeline for one item: an [`Item`] for each input, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs(pub(super) Items);

/// The inputs of a pipeline or of a stage, usually one.
pub(super) type Items = SmallVec<[Item; 1]>;

impl Item {
    /// Creates an item from a value of the runtime.
    pub(super) fn from_val(val: Val) -> Self {
        Self(ItemValue::Val(val))
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// [`TypeMismatch`](ErrorKind::TypeMismatch) if a part of it belongs to an instance.
    pub fn into_value(self) -> Result<Value> {
        Ok(match self.0 {
            ItemValue::Bytes(bytes) => Value::List(bytes.into_iter().map(Value::U8).collect()),
            ItemValue::Text(text) => Value::String(text),
            ItemValue::U32(number) => Value::U32(number),
            ItemValue::U64(number) => Value::U64(number),
            ItemValue::Val(val) => values::from_wasm(val)?,
            ItemValue::Value(value) => value,
            ItemValue::Stream(_) => return Err(not_a_value()),
        })
    }

    /// Returns the bytes, if it is a `list<u8>`.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self.0 {
            ItemValue::Bytes(bytes) => Some(bytes),
            ItemValue::Val(Val::List(items)) => items
                .into_iter()
                .map(|item| {
                    if let Val::U8(byte) = item {
                        Some(byte)
                    } else {
                        None
                    }
                })
                .collect(),
            ItemValue::Value(Value::List(items)) => items
                .into_iter()
                .map(|item| {
                    if let Value::U8(byte) = item {
                        Some(byte)
                    } else {
                        None
                    }
                })
                .collect(),
            _ => None,
        }
    }

    /// Returns the text, if it is a `string`.
    #[must_use]
    pub fn into_text(self) -> Option<String> {
        match self.0 {
            ItemValue::Text(text)
            | ItemValue::Val(Val::String(text))
            | ItemValue::Value(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Self(ItemValue::Value(value))
    }
}

impl<T: Into<Item>> From<T> for Inputs {
    fn from(item: T) -> Self {
        Self([item.into()].into())
    }
}

impl FromIterator<Item> for Inputs {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

fn not_a_value() -> Error {
    Error::new(
        ErrorKind::TypeMismatch,
        "the item is a stream, not a value; read it with `Item::into_stream`",
    )
}

pub(super) fn wrong_edge_type() -> Error {
    Error::new(
        ErrorKind::Internal,
        "an item does not have the type of its edge; this is a bug",
    )
}
