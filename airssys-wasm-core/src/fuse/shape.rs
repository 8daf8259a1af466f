//! Types as the Canonical ABI sees them: the parts without their names.
//!
//! Types that are bound to a running instance have no shape.
//! Tests: `airssys-wasm-core/tests/fuse`.

use crate::world::Type;

/// The shape of a type in the Canonical ABI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A single core value.
    Scalar(Scalar),
    /// A pointer and a length; the contents are elsewhere in memory.
    Slice,
    /// A sequence of fields: records and tuples.
    Fields(Vec<Shape>),
    /// A choice of cases: variants, enums, options and results.
    Cases(Vec<Option<Shape>>),
}

/// A number of up to 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    U8,
    S8,
    U16,
    S16,
    I32,
    I64,
    F32,
    F64,
}

impl Shape {
    /// Returns the shape of a type, or the part of the type that has none.
    pub(super) fn from_type(ty: &Type) -> Result<Self, Type> {
        Ok(match ty {
            Type::Bool | Type::U8 => Self::Scalar(Scalar::U8),
            Type::S8 => Self::Scalar(Scalar::S8),
            Type::U16 => Self::Scalar(Scalar::U16),
            Type::S16 => Self::Scalar(Scalar::S16),
            Type::U32 | Type::S32 | Type::Char => Self::Scalar(Scalar::I32),
            Type::U64 | Type::S64 => Self::Scalar(Scalar::I64),
            Type::F32 => Self::Scalar(Scalar::F32),
            Type::F64 => Self::Scalar(Scalar::F64),
            Type::String => Self::Slice,
            Type::List(item) => {
                Self::from_type(item)?;
                Self::Slice
            }
            Type::Record(fields) => Self::fields(fields.iter().map(|field| &field.ty))?,
            Type::Tuple(types) => Self::fields(types)?,
            Type::Variant(cases) => Self::cases(cases.iter().map(|case| case.ty.as_ref()))?,
            Type::Enum(names) => Self::Cases(vec![None; names.len()]),
            Type::Option(ty) => Self::cases([None, Some(&**ty)])?,
            Type::Result { ok, err } => Self::cases([ok.as_deref(), err.as_deref()])?,
            Type::Flags(names) => Self::flags(names.len()).ok_or_else(|| ty.clone())?,
            handle => return Err(handle.clone()),
        })
    }

    /// Returns the shape of flags, one bit each.
    fn flags(count: usize) -> Option<Self> {
        match count {
            0..=8 => Some(Self::Scalar(Scalar::U8)),
            9..=16 => Some(Self::Scalar(Scalar::U16)),
            17..=32 => Some(Self::Scalar(Scalar::I32)),
            _ => None,
        }
    }

    fn fields<'a>(types: impl IntoIterator<Item = &'a Type>) -> Result<Self, Type> {
        Ok(Self::Fields(
            types
                .into_iter()
                .map(Self::from_type)
                .collect::<Result<_, _>>()?,
        ))
    }

    fn cases<'a>(types: impl IntoIterator<Item = Option<&'a Type>>) -> Result<Self, Type> {
        Ok(Self::Cases(
            types
                .into_iter()
                .map(|ty| ty.map(Self::from_type).transpose())
                .collect::<Result<_, _>>()?,
        ))
    }

    /// Returns the type of the discriminant for these cases.
    pub(super) fn discriminant(cases: &[Option<Self>]) -> Scalar {
        match cases.len() {
            0..=0x100 => Scalar::U8,
            0x101..=0x1_0000 => Scalar::U16,
            _ => Scalar::I32,
        }
    }

    /// Returns `true` if part of a value is elsewhere in memory.
    pub(super) fn has_slice(&self) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::Slice => true,
            Self::Fields(fields) => fields.iter().any(Self::has_slice),
            Self::Cases(cases) => cases.iter().flatten().any(Self::has_slice),
        }
    }

    /// Returns the only number in a value, if its flat form is one core value.
    pub(super) fn single_scalar(&self) -> Option<Scalar> {
        match self {
            Self::Scalar(scalar) => Some(*scalar),
            Self::Fields(fields) => match &fields[..] {
                [field] => field.single_scalar(),
                _ => None,
            },
            Self::Cases(cases) if cases.iter().all(Option::is_none) => {
                Some(Self::discriminant(cases))
            }
            Self::Slice | Self::Cases(_) => None,
        }
    }
}
