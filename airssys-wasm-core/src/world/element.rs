//! The element types of the streams that a host carries between components.
//!
//! A host reads elements of a stream by their Rust type, so it must know the types at compile time.
//! Tests: in this file, `airssys-wasm-core/tests/pipeline/streams.rs`.

use super::Type;

/// The type of a stream's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Element {
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

impl Element {
    /// All element types.
    pub const ALL: [Self; 5] = [Self::U8, Self::U32, Self::U64, Self::Text, Self::Bytes];

    /// Returns the element type for `ty`, if it is one of these.
    #[must_use]
    pub fn of(ty: &Type) -> Option<Self> {
        Self::ALL.into_iter().find(|element| element.ty() == *ty)
    }

    /// Returns the element type of a `stream`. `None` for other types, and for streams of other
    /// elements.
    ///
    /// ```
    /// use airssys_wasm_core::world::{Element, Type};
    ///
    /// let stream = |element| Type::Stream(Some(Box::new(element)));
    /// assert_eq!(Element::of_stream(&stream(Type::U8)), Some(Element::U8));
    /// assert_eq!(Element::of_stream(&stream(Type::Bool)), None);
    /// ```
    #[must_use]
    pub fn of_stream(ty: &Type) -> Option<Self> {
        match ty {
            Type::Stream(Some(element)) => Self::of(element),
            _ => None,
        }
    }

    /// Returns the element type of a `list`. `None` for other types, and for lists of other
    /// elements.
    #[must_use]
    pub fn of_list(ty: &Type) -> Option<Self> {
        match ty {
            Type::List(element) => Self::of(element),
            _ => None,
        }
    }

    /// Returns the WIT type of the element.
    #[must_use]
    pub fn ty(self) -> Type {
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
    pub fn stream(self) -> Type {
        Type::Stream(Some(Box::new(self.ty())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_known_by_its_type_alone() {
        for element in Element::ALL {
            assert_eq!(Element::of(&element.ty()), Some(element));
            assert_eq!(Element::of_stream(&element.stream()), Some(element));
            assert_eq!(
                Element::of_list(&Type::List(Box::new(element.ty()))),
                Some(element)
            );
            assert_eq!(Element::of_list(&element.stream()), None);
        }
        assert_eq!(Element::of_stream(&Type::Stream(None)), None);
    }
}
