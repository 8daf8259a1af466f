//! The element types of the streams that a host carries between components.
//!
//! A host reads elements of a stream by their Rust type, so it must know the types at compile time.
//! Tests: in this file, `airssys-wasm-core/tests/pipeline/streams.rs`.

use super::Type;

/// The type of a stream's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// `u8`: a `stream<u8>` is a stream of bytes.
    U8,
    /// `u32`.
    U32,
    /// `u64`.
    U64,
    /// `string`.
    Text,
    /// `list<u8>`.
    Bytes,
}

impl ElementType {
    /// All element types.
    pub const ALL: [Self; 5] = [Self::U8, Self::U32, Self::U64, Self::Text, Self::Bytes];

    /// Returns the element type for `ty`, if it is one of these.
    #[must_use]
    pub fn from_type(ty: &Type) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|element| element.to_type() == *ty)
    }

    /// Returns the element type of a `stream`. `None` for other types, and for streams of other
    /// elements.
    ///
    /// ```
    /// use airssys_wasm_core::world::{ElementType, Type};
    ///
    /// let stream = |element| Type::Stream(Some(Box::new(element)));
    /// assert_eq!(ElementType::from_stream(&stream(Type::U8)), Some(ElementType::U8));
    /// assert_eq!(ElementType::from_stream(&stream(Type::Bool)), None);
    /// ```
    #[must_use]
    pub fn from_stream(ty: &Type) -> Option<Self> {
        match ty {
            Type::Stream(Some(element)) => Self::from_type(element),
            _ => None,
        }
    }

    /// Returns the element type of a `list`. `None` for other types, and for lists of other
    /// elements.
    #[must_use]
    pub fn from_list(ty: &Type) -> Option<Self> {
        match ty {
            Type::List(element) => Self::from_type(element),
            _ => None,
        }
    }

    /// Returns the WIT type of the element.
    #[must_use]
    pub fn to_type(self) -> Type {
        match self {
            Self::U8 => Type::U8,
            Self::U32 => Type::U32,
            Self::U64 => Type::U64,
            Self::Text => Type::String,
            Self::Bytes => Type::List(Box::new(Type::U8)),
        }
    }

    /// Returns the type of a stream of this element.
    #[must_use]
    pub fn to_stream_type(self) -> Type {
        Type::Stream(Some(Box::new(self.to_type())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_determined_by_its_type() {
        for element in ElementType::ALL {
            assert_eq!(ElementType::from_type(&element.to_type()), Some(element));
            assert_eq!(
                ElementType::from_stream(&element.to_stream_type()),
                Some(element)
            );
            assert_eq!(
                ElementType::from_list(&Type::List(Box::new(element.to_type()))),
                Some(element)
            );
            assert_eq!(ElementType::from_list(&element.to_stream_type()), None);
        }
        assert_eq!(ElementType::from_stream(&Type::Stream(None)), None);
    }
}
