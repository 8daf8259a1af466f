//! The types that the host has code for ahead of time.
//!
//! Tests: below.

use crate::world::Type;

/// A type whose values pass through the host without being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "but for `Bytes`, the Component Model's own words")]
pub enum Shape {
    /// `list<u8>`.
    Bytes,
    String,
    Bool,
    Char,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F32,
    F64,
}

impl Shape {
    /// The shape of a type, if it has one.
    ///
    /// ```
    /// use airssys_wasm_core::{pipeline::Shape, world::Type};
    ///
    /// assert_eq!(Shape::of(&Type::List(Box::new(Type::U8))), Some(Shape::Bytes));
    /// assert_eq!(Shape::of(&Type::List(Box::new(Type::U16))), None);
    /// ```
    #[must_use]
    pub fn of(ty: &Type) -> Option<Self> {
        Some(match ty {
            Type::List(item) if **item == Type::U8 => Self::Bytes,
            Type::String => Self::String,
            Type::Bool => Self::Bool,
            Type::Char => Self::Char,
            Type::U8 => Self::U8,
            Type::U16 => Self::U16,
            Type::U32 => Self::U32,
            Type::U64 => Self::U64,
            Type::S8 => Self::S8,
            Type::S16 => Self::S16,
            Type::S32 => Self::S32,
            Type::S64 => Self::S64,
            Type::F32 => Self::F32,
            Type::F64 => Self::F64,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_others_has_none_but_bytes() {
        assert_eq!(Shape::of(&Type::F64), Some(Shape::F64));
        for ty in [Type::Option(Box::new(Type::U8)), Type::FixedLengthList(Box::new(Type::U8), 4)] {
            assert_eq!(Shape::of(&ty), None);
        }
    }
}
