//! Values of any WIT type, for callers that learn the type only at run time.
//!
//! Converts values to and from WAVE and JSON, and checks whether they fit a type. Resources,
//! streams and futures are not values because they are bound to a running instance.
//! Tests: `airssys-wasm-core/src/value`, `airssys-wasm-core/tests/values.rs`.

mod check;
mod convert;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "wave")]
mod wave;

pub use check::ValueMismatch;
#[cfg(feature = "wave")]
pub use wave::WaveError;

/// A value of the Component Model.
///
/// ```
/// use airssys_wasm_core::Value;
///
/// let person = Value::Record(vec![
///     ("name".into(), Value::from("Ada")),
///     ("age".into(), Value::U8(36)),
/// ]);
/// # #[cfg(feature = "wave")]
/// assert_eq!(person.to_string(), r#"{name: "Ada", age: 36}"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the plain kinds are the Component Model's own words"
)]
pub enum Value {
    Bool(bool),
    S8(i8),
    U8(u8),
    S16(i16),
    U16(u16),
    S32(i32),
    U32(u32),
    S64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    /// The elements of a list, of fixed length or not.
    List(Vec<Value>),
    /// The entries of a map.
    Map(Vec<(Value, Value)>),
    /// The fields of a record by name.
    Record(Vec<(String, Value)>),
    Tuple(Vec<Value>),
    /// The name of a case and its payload.
    Variant(String, Option<Box<Value>>),
    Enum(String),
    Option(Option<Box<Value>>),
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    /// The names of the flags that are set.
    Flags(Vec<String>),
}

macro_rules! from_plain {
    ($($rust:ty => $case:ident),* $(,)?) => {$(
        impl From<$rust> for Value {
            fn from(value: $rust) -> Self {
                Self::$case(value.into())
            }
        }
    )*};
}

from_plain! {
    bool => Bool, i8 => S8, u8 => U8, i16 => S16, u16 => U16, i32 => S32, u32 => U32, i64 => S64,
    u64 => U64, f32 => F32, f64 => F64, char => Char, String => String, &str => String,
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        Self::Option(value.map(|value| Box::new(value.into())))
    }
}

#[cfg(feature = "wave")]
impl std::fmt::Display for Value {
    /// Writes the value as WAVE text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_wave())
    }
}
