//! Values on their way through a pipeline.
//!
//! Bytes and text stay as they are from one plain signature to the next; everything else is passed
//! as a dynamic value.
//! Tests: `tests/suite/pipelines`.

use airssys_wasm_core::world::Type;
use airssys_wasm_core::{Value, ValueMismatch};
use futures_util::stream;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, future};
use smallvec::SmallVec;
use wasmtime::component::Val;

use super::stream::{Flow, ItemStream, StreamElement};
use crate::function::{PlainSource, ReturnedValue, values};
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
pub struct Inputs(pub(super) Vec<Item>);

/// The inputs of a stage, usually one.
pub(crate) type Items = SmallVec<[Item; 1]>;

impl Item {
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
        Self(ItemValue::Stream(Flow::new(chunks.map(Ok))))
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
        Self(ItemValue::Stream(Flow::new(chunks.map_err(input_failed))))
    }

    /// Returns the elements, if it is a list of them or an unread stream.
    #[must_use]
    pub fn into_stream<T: StreamElement>(self) -> Option<ItemStream<T>> {
        match self.0 {
            ItemValue::Stream(flow) => flow.read(),
            list => {
                let elements = T::from_list(Self(list))?;
                Flow::new(stream::once(future::ready(Ok(elements)))).read()
            }
        }
    }

    /// Keeps `held` until the item's stream has ended. Returns it if the item is not a stream.
    pub(super) fn hold_until_end<T: Send + 'static>(&self, held: T) -> Option<T> {
        match &self.0 {
            ItemValue::Stream(flow) => {
                flow.hold(held);
                None
            }
            _ => Some(held),
        }
    }

    /// Converts the item to a type that its own type flows into.
    pub(super) fn into_type(self, ty: &Type) -> Result<Self> {
        let value = self.into_value()?;
        value
            .into_type(ty)
            .map(Self::from)
            .map_err(|error| mismatch(&error.to_string()))
    }

    /// Prepares the item for an input of type `ty`. If it has another type, fails with a
    /// description of it.
    pub(super) fn fit_input(&mut self, ty: &Type) -> Result<(), String> {
        // An item from a stage of another pipeline may have any type.
        if let ItemValue::Val(val) = &self.0 {
            self.0 = ItemValue::Value(
                values::from_wasm(val.clone()).map_err(|error| error.to_string())?,
            );
        }
        let fits = match (&self.0, ty) {
            (ItemValue::Bytes(_), Type::List(item)) => **item == Type::U8,
            (ItemValue::Stream(flow), ty) => flow.element().to_stream_type() == *ty,
            (_, Type::Stream(Some(element))) => {
                return self.fit_input(&Type::List(element.clone()));
            }
            (ItemValue::Text(_), Type::String)
            | (ItemValue::U32(_), Type::U32)
            | (ItemValue::U64(_), Type::U64) => true,
            (ItemValue::Value(value), ty) => {
                return value
                    .fits(ty)
                    .map_err(|error| describe_mismatch(value, &error));
            }
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(format!("`{}`", self.type_text()))
        }
    }

    /// Describes the type, as far as it is known.
    fn type_text(&self) -> String {
        match &self.0 {
            ItemValue::Bytes(_) => "list<u8>".into(),
            ItemValue::Text(_) => "string".into(),
            ItemValue::U32(_) => "u32".into(),
            ItemValue::U64(_) => "u64".into(),
            ItemValue::Value(value) => value.describe(),
            ItemValue::Val(_) => "value".into(),
            ItemValue::Stream(flow) => flow.element().to_stream_type().to_string(),
        }
    }

    /// Converts the item to a value of the runtime, of a type that it was checked against.
    pub(super) fn into_val(self, ty: &Type) -> Result<Val> {
        Ok(match self.0 {
            ItemValue::Bytes(bytes) => Val::List(bytes.into_iter().map(Val::U8).collect()),
            ItemValue::Text(text) => Val::String(text),
            ItemValue::U32(number) => Val::U32(number),
            ItemValue::U64(number) => Val::U64(number),
            ItemValue::Val(val) => val,
            ItemValue::Value(value) => values::to_wasm(&value, ty),
            ItemValue::Stream(_) => return Err(not_a_value()),
        })
    }

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

fn input_failed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("an input stream of the pipeline failed: {error}");
    Error::new(ErrorKind::InputFailed, message).with_source(error)
}

fn not_a_value() -> Error {
    mismatch("the item is a stream, not a value; read it with `Item::into_stream`")
}

/// Describes a value, and the part of it that has another type.
fn describe_mismatch(value: &Value, error: &ValueMismatch) -> String {
    match error.path() {
        [] => format!("`{}`", value.describe()),
        _ => format!("`{}`: {error}", value.describe()),
    }
}

fn mismatch(problem: &str) -> Error {
    Error::new(ErrorKind::TypeMismatch, problem)
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Self(ItemValue::Value(value))
    }
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

impl<T: Into<Item>> From<T> for Inputs {
    fn from(item: T) -> Self {
        Self(vec![item.into()])
    }
}

impl FromIterator<Item> for Inputs {
    fn from_iter<I: IntoIterator<Item = Item>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

/// The result of a stage's function.
pub(super) type StageValue = ReturnedValue<Item>;

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
