//! What the streams are made of that a host carries from one component to another.
//!
//! A host takes elements out of a stream by their Rust type, so it has to know them ahead.
//! Tests: below, and `tests/pipeline/streams`.

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
    /// All of them.
    pub const ALL: [Self; 5] = [Self::U8, Self::U32, Self::U64, Self::Text, Self::Bytes];

    /// The element that a type is.
    #[must_use]
    pub fn of(ty: &Type) -> Option<Self> {
        Self::ALL.into_iter().find(|element| element.ty() == *ty)
    }

    /// What a `stream` of these is made of; None for other types, and for streams of others.
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

    /// What a `list` of these is made of; None for other types, and for lists of others.
    #[must_use]
    pub fn of_list(ty: &Type) -> Option<Self> {
        match ty {
            Type::List(element) => Self::of(element),
            _ => None,
        }
    }

    /// The type.
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

    /// A stream of it.
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
