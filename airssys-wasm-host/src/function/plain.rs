//! Conversions between the plain Rust types of a signature and values that hold one of them.
//!
//! Tests: `tests/suite/pipelines/lanes.rs`.

use smallvec::SmallVec;

/// A value from which a plain type can be taken.
pub(crate) trait PlainSource: Sized {
    fn into_plain_bytes(self) -> Option<Vec<u8>>;

    fn into_plain_text(self) -> Option<String>;

    fn into_plain_number(self) -> Option<u64>;
}

/// A value that can hold any plain type.
pub(crate) trait PlainTarget: From<Vec<u8>> + From<String> + From<u32> + From<u64> {}

impl<V: From<Vec<u8>> + From<String> + From<u32> + From<u64>> PlainTarget for V {}

/// Parameters that are built from values, one for each.
pub(crate) trait FromValues: Sized {
    fn from_values<V: PlainSource>(values: SmallVec<[V; 1]>) -> Option<Self>;
}

/// A result that is converted to values.
pub(crate) trait IntoReturned {
    fn into_returned<V: PlainTarget>(self) -> ReturnedValue<V>;
}

/// The result of a function, as far as its Rust types describe it.
pub(crate) enum ReturnedValue<V> {
    Nothing,
    One(V),
    Maybe(Option<V>),
    Either(Result<V, V>),
}

/// One of the plain types.
pub(crate) trait PlainType: Sized {
    fn from_value<V: PlainSource>(value: V) -> Option<Self>;
}

impl PlainType for Vec<u8> {
    fn from_value<V: PlainSource>(value: V) -> Option<Self> {
        value.into_plain_bytes()
    }
}

impl PlainType for String {
    fn from_value<V: PlainSource>(value: V) -> Option<Self> {
        value.into_plain_text()
    }
}

impl PlainType for u32 {
    fn from_value<V: PlainSource>(value: V) -> Option<Self> {
        value.into_plain_number()?.try_into().ok()
    }
}

impl PlainType for u64 {
    fn from_value<V: PlainSource>(value: V) -> Option<Self> {
        value.into_plain_number()
    }
}

impl FromValues for () {
    fn from_values<V: PlainSource>(values: SmallVec<[V; 1]>) -> Option<Self> {
        values.is_empty().then_some(())
    }
}

impl<A: PlainType> FromValues for (A,) {
    fn from_values<V: PlainSource>(mut values: SmallVec<[V; 1]>) -> Option<Self> {
        Some((A::from_value(values.pop()?)?,))
    }
}

impl<A: PlainType, B: PlainType> FromValues for (A, B) {
    fn from_values<V: PlainSource>(mut values: SmallVec<[V; 1]>) -> Option<Self> {
        let (second, first) = (values.pop()?, values.pop()?);
        Some((A::from_value(first)?, B::from_value(second)?))
    }
}

impl IntoReturned for () {
    fn into_returned<V: PlainTarget>(self) -> ReturnedValue<V> {
        ReturnedValue::Nothing
    }
}

macro_rules! returned_as {
    ($($ty:ty),*) => {$(
        impl IntoReturned for ($ty,) {
            fn into_returned<V: PlainTarget>(self) -> ReturnedValue<V> {
                ReturnedValue::One(self.0.into())
            }
        }

        impl IntoReturned for (Option<$ty>,) {
            fn into_returned<V: PlainTarget>(self) -> ReturnedValue<V> {
                ReturnedValue::Maybe(self.0.map(V::from))
            }
        }

        impl IntoReturned for (Result<$ty, String>,) {
            fn into_returned<V: PlainTarget>(self) -> ReturnedValue<V> {
                ReturnedValue::Either(self.0.map(V::from).map_err(V::from))
            }
        }
    )*};
}

returned_as!(Vec<u8>, String, u32, u64);
