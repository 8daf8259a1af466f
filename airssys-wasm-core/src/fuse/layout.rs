//! The layout of values in memory.
//!
//! Sizes and offsets are in bytes, for 32-bit memories.
//! Tests: `tests/suite/fuse/echoes.rs`.

use super::shape::{Scalar, Shape};

impl Scalar {
    /// The size of the number in bytes, which is also its alignment.
    pub(super) fn size(self) -> u32 {
        match self {
            Self::U8 | Self::S8 => 1,
            Self::U16 | Self::S16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }
}

impl Shape {
    /// The size in bytes, including trailing padding.
    pub(super) fn size(&self) -> u32 {
        match self {
            Self::Scalar(scalar) => scalar.size(),
            Self::Slice => 8,
            Self::Fields(fields) => {
                let end = fields
                    .iter()
                    .fold(0, |at, field| align_to(at, field.align()) + field.size());
                align_to(end, self.align())
            }
            Self::Cases(cases) => {
                let payload = cases.iter().flatten().map(Self::size).max().unwrap_or(0);
                align_to(payload_offset(cases) + payload, self.align())
            }
        }
    }

    /// The alignment in bytes.
    pub(super) fn align(&self) -> u32 {
        match self {
            Self::Scalar(scalar) => scalar.size(),
            Self::Slice => 4,
            Self::Fields(fields) => fields.iter().map(Self::align).max().unwrap_or(1),
            Self::Cases(cases) => payload_align(cases).max(Self::discriminant(cases).size()),
        }
    }
}

/// Returns the offset of each field.
pub(super) fn field_offsets(fields: &[Shape]) -> Vec<u32> {
    let mut end = 0;
    let mut offsets = Vec::with_capacity(fields.len());
    for field in fields {
        let start = align_to(end, field.align());
        offsets.push(start);
        end = start + field.size();
    }
    offsets
}

/// Returns the offset of the payload, which is the same for all cases.
pub(super) fn payload_offset(cases: &[Option<Shape>]) -> u32 {
    align_to(Shape::discriminant(cases).size(), payload_align(cases))
}

/// Rounds up to the next multiple of `align`.
pub(super) fn align_to(at: u32, align: u32) -> u32 {
    at.next_multiple_of(align)
}

fn payload_align(cases: &[Option<Shape>]) -> u32 {
    cases.iter().flatten().map(Shape::align).max().unwrap_or(1)
}
