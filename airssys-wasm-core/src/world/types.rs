//! WIT types, compared by structure.
//!
//! Tests: in this file.

use std::fmt;

/// A type of the Component Model.
///
/// Two types are equal if they have the same values: fields, cases and their names count, but the
/// name of the type itself does not. Displays as WIT.
///
/// ```
/// use airssys_wasm_core::world::Type;
///
/// let ty = Type::List(Box::new(Type::Option(Box::new(Type::String))));
/// assert_eq!(ty.to_string(), "list<option<string>>");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the plain kinds are the Component Model's own words"
)]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    ErrorContext,
    List(Box<Type>),
    /// A list of fixed length.
    FixedLengthList(Box<Type>, u32),
    /// A map with the types of its keys and values.
    Map(Box<Type>, Box<Type>),
    Record(Vec<Field>),
    Tuple(Vec<Type>),
    Variant(Vec<Case>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Option(Box<Type>),
    Result {
        ok: Option<Box<Type>>,
        err: Option<Box<Type>>,
    },
    /// An owned resource handle; the name is `interface.resource`.
    Own(String),
    /// A resource handle borrowed for a call; the name is `interface.resource`.
    Borrow(String),
    Stream(Option<Box<Type>>),
    Future(Option<Box<Type>>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, in kebab-case.
    pub name: String,
    /// The type of the field.
    pub ty: Type,
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The name, in kebab-case.
    pub name: String,
    /// The type of the payload, if the case has one.
    pub ty: Option<Type>,
}

impl Type {
    /// Returns `true` if this type or any part of it satisfies `wanted`.
    pub fn any_part(&self, wanted: &dyn Fn(&Self) -> bool) -> bool {
        wanted(self) || self.parts().into_iter().any(|part| part.any_part(wanted))
    }

    /// The direct parts of this type.
    fn parts(&self) -> Vec<&Self> {
        match self {
            Self::List(ty) | Self::FixedLengthList(ty, _) | Self::Option(ty) => vec![ty],
            Self::Map(key, value) => vec![key, value],
            Self::Record(fields) => fields.iter().map(|field| &field.ty).collect(),
            Self::Tuple(types) => types.iter().collect(),
            Self::Variant(cases) => cases.iter().filter_map(|case| case.ty.as_ref()).collect(),
            Self::Result { ok, err } => ok.iter().chain(err).map(|ty| &**ty).collect(),
            Self::Stream(ty) | Self::Future(ty) => ty.iter().map(|ty| &**ty).collect(),
            _ => Vec::new(),
        }
    }

    /// The resources of all handles in this type, as `interface.resource`.
    pub(super) fn resources(&self) -> Vec<&str> {
        match self {
            Self::Own(name) | Self::Borrow(name) => vec![name],
            other => other
                .parts()
                .into_iter()
                .flat_map(Self::resources)
                .collect(),
        }
    }

    /// Returns `true` if values of this type need Component Model async.
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.any_part(&|ty| matches!(ty, Self::Stream(_) | Self::Future(_) | Self::ErrorContext))
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(ty) => write!(f, "list<{ty}>"),
            Self::FixedLengthList(ty, length) => write!(f, "list<{ty}, {length}>"),
            Self::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Self::Record(fields) => write_braces(f, "record", fields, |f, field| {
                write!(f, "{}: {}", field.name, field.ty)
            }),
            Self::Tuple(types) => {
                f.write_str("tuple<")?;
                write_separated(f, types, |f, ty| write!(f, "{ty}"))?;
                f.write_str(">")
            }
            Self::Variant(cases) => write_braces(f, "variant", cases, |f, case| match &case.ty {
                Some(ty) => write!(f, "{}({ty})", case.name),
                None => f.write_str(&case.name),
            }),
            Self::Enum(names) => write_braces(f, "enum", names, |f, name| f.write_str(name)),
            Self::Flags(names) => write_braces(f, "flags", names, |f, name| f.write_str(name)),
            Self::Option(ty) => write!(f, "option<{ty}>"),
            Self::Result { ok, err } => write_result(f, ok.as_deref(), err.as_deref()),
            Self::Own(name) => write!(f, "own<{name}>"),
            Self::Borrow(name) => write!(f, "borrow<{name}>"),
            Self::Stream(ty) => write_payload(f, "stream", ty.as_deref()),
            Self::Future(ty) => write_payload(f, "future", ty.as_deref()),
            plain => f.write_str(plain.keyword()),
        }
    }
}

impl Type {
    fn keyword(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Char => "char",
            Self::String => "string",
            Self::ErrorContext => "error-context",
            _ => "type",
        }
    }
}

fn write_result(f: &mut fmt::Formatter<'_>, ok: Option<&Type>, err: Option<&Type>) -> fmt::Result {
    match (ok, err) {
        (None, None) => f.write_str("result"),
        (Some(ok), None) => write!(f, "result<{ok}>"),
        (None, Some(err)) => write!(f, "result<_, {err}>"),
        (Some(ok), Some(err)) => write!(f, "result<{ok}, {err}>"),
    }
}

fn write_payload(f: &mut fmt::Formatter<'_>, word: &str, ty: Option<&Type>) -> fmt::Result {
    match ty {
        Some(ty) => write!(f, "{word}<{ty}>"),
        None => f.write_str(word),
    }
}

fn write_braces<T>(
    f: &mut fmt::Formatter<'_>,
    word: &str,
    items: &[T],
    each: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    write!(f, "{word} {{ ")?;
    write_separated(f, items, each)?;
    f.write_str(" }")
}

pub(super) fn write_separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    each: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        each(f, item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_wit() {
        let record = Type::Record(vec![
            Field {
                name: "name".into(),
                ty: Type::String,
            },
            Field {
                name: "age".into(),
                ty: Type::Option(Box::new(Type::U8)),
            },
        ]);
        let variant = Type::Variant(vec![
            Case {
                name: "none".into(),
                ty: None,
            },
            Case {
                name: "some".into(),
                ty: Some(record),
            },
        ]);
        let ty = Type::Result {
            ok: None,
            err: Some(Box::new(variant)),
        };
        assert_eq!(
            ty.to_string(),
            "result<_, variant { none, some(record { name: string, age: option<u8> }) }>"
        );
    }

    #[test]
    fn finds_streams_at_any_depth() {
        let deep = Type::Tuple(vec![Type::U8, Type::List(Box::new(Type::Stream(None)))]);
        assert!(deep.is_async());
        assert!(!Type::List(Box::new(Type::U8)).is_async());
    }
}
