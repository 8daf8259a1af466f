//! The flattening of values into core values, and the core types of functions.
//!
//! Tests: `tests/suite/fuse/echoes.rs`.

use wasm_encoder::ValType;

use super::shape::{Scalar, Shape};

/// The maximum number of core values for parameters; more are passed in memory.
const PARAMS_MAX: usize = 16;

/// The type of a core function.
pub(super) struct CoreSignature {
    pub(super) params: Vec<ValType>,
    pub(super) results: Vec<ValType>,
}

impl Scalar {
    /// The core type as which the number is passed.
    pub(super) fn flat_type(self) -> ValType {
        match self {
            Self::U8 | Self::S8 | Self::U16 | Self::S16 | Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
        }
    }
}

impl Shape {
    /// The core types as which a value of this shape is passed.
    pub(super) fn flat_types(&self) -> Vec<ValType> {
        match self {
            Self::Scalar(scalar) => vec![scalar.flat_type()],
            Self::Slice => vec![ValType::I32; 2],
            Self::Fields(fields) => fields.iter().flat_map(Self::flat_types).collect(),
            Self::Cases(cases) => {
                let mut flat = vec![ValType::I32];
                for case in cases.iter().flatten() {
                    join_case(&mut flat, &case.flat_types());
                }
                flat
            }
        }
    }

    /// Returns `true` if a function returns a value of this shape in memory rather than as a core
    /// value.
    pub(super) fn is_returned_in_memory(&self) -> bool {
        self.single_scalar().is_none()
    }
}

/// Returns the core types as which parameters are passed. `None` if they are passed in memory.
pub(super) fn flat_params(params: &[Shape]) -> Option<Vec<ValType>> {
    Some(
        params
            .iter()
            .flat_map(Shape::flat_types)
            .collect::<Vec<_>>(),
    )
    .filter(|flat| flat.len() <= PARAMS_MAX)
}

/// Returns the core type of a stage's function as the glue calls it.
pub(super) fn lowered_signature(params: &[Shape], result: Option<&Shape>) -> CoreSignature {
    let mut signature = lifted_signature(params, result);
    if result.is_some_and(Shape::is_returned_in_memory) {
        // The caller passes the address for the result.
        signature.params.append(&mut signature.results);
    }
    signature
}

/// Returns the core type of the function that the glue exports.
pub(super) fn lifted_signature(params: &[Shape], result: Option<&Shape>) -> CoreSignature {
    let params = flat_params(params).unwrap_or_else(|| vec![ValType::I32]);
    let results = match result.map(|result| (result, result.single_scalar())) {
        None => Vec::new(),
        Some((_, Some(scalar))) => vec![scalar.flat_type()],
        Some((_, None)) => vec![ValType::I32],
    };
    CoreSignature { params, results }
}

/// Merges the core types of another case, which start after the discriminant.
fn join_case(flat: &mut Vec<ValType>, case: &[ValType]) {
    for (index, ty) in case.iter().enumerate() {
        match flat.get_mut(index + 1) {
            Some(slot) => *slot = join(*slot, *ty),
            None => flat.push(*ty),
        }
    }
}

/// Returns the core type that can hold both types.
fn join(a: ValType, b: ValType) -> ValType {
    match (a, b) {
        _ if a == b => a,
        (ValType::I32, ValType::F32) | (ValType::F32, ValType::I32) => ValType::I32,
        _ => ValType::I64,
    }
}
