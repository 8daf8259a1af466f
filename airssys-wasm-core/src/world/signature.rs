//! The function signatures for which a host has code at compile time.
//!
//! Code that passes values matches on all of them, so that a planned typed lane is always
//! available.
//! Tests: in this file, `airssys-wasm-core/tests/pipeline/plan.rs`.

use super::{Function, Type};

/// A signature whose values are passed as Rust types rather than as dynamic values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlainSignature {
    /// The parameters.
    pub params: PlainParams,
    /// The result.
    pub result: PlainResult,
}

/// The types of all parameters of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlainParams {
    /// None.
    Nothing,
    /// A `list<u8>`.
    Bytes,
    /// A `string`.
    Text,
    /// A `u32`.
    U32,
    /// A `u64`.
    U64,
    /// Two `u32`.
    TwoU32,
    /// A `string` and a `list<u8>`.
    TextAndBytes,
}

/// The type of the result of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlainResult {
    /// None.
    Nothing,
    /// A `list<u8>`.
    Bytes,
    /// A `string`.
    Text,
    /// A `u32`.
    U32,
    /// A `u64`.
    U64,
    /// An `option<list<u8>>`.
    MaybeBytes,
    /// An `option<string>`.
    MaybeText,
    /// A `result<list<u8>, string>`.
    BytesOrError,
    /// A `result<string, string>`.
    TextOrError,
}

impl PlainSignature {
    /// Returns the signature of a function, if it is one of these.
    ///
    /// ```
    /// use airssys_wasm_core::FunctionName;
    /// use airssys_wasm_core::world::{Function, PlainParams, PlainResult, PlainSignature, Type};
    ///
    /// let name: FunctionName = "greeting".parse()?;
    /// let greeting = Function { name, params: vec![], result: Some(Type::String), is_async_func: false };
    /// let signature = PlainSignature { params: PlainParams::Nothing, result: PlainResult::Text };
    /// assert_eq!(PlainSignature::from_function(&greeting), Some(signature));
    /// # Ok::<(), airssys_wasm_core::FunctionNameError>(())
    /// ```
    #[must_use]
    pub fn from_function(function: &Function) -> Option<Self> {
        if function.is_async_func {
            return None;
        }
        let params: Vec<&Type> = function.params.iter().map(|param| &param.ty).collect();
        Some(Self {
            params: PlainParams::from_types(&params)?,
            result: PlainResult::from_type(function.result.as_ref())?,
        })
    }
}

impl PlainParams {
    fn from_types(params: &[&Type]) -> Option<Self> {
        Some(match params {
            [] => Self::Nothing,
            [ty] if is_bytes(ty) => Self::Bytes,
            [Type::String] => Self::Text,
            [Type::U32] => Self::U32,
            [Type::U64] => Self::U64,
            [Type::U32, Type::U32] => Self::TwoU32,
            [Type::String, ty] if is_bytes(ty) => Self::TextAndBytes,
            _ => return None,
        })
    }
}

impl PlainResult {
    fn from_type(result: Option<&Type>) -> Option<Self> {
        Some(match result {
            None => Self::Nothing,
            Some(ty) if is_bytes(ty) => Self::Bytes,
            Some(Type::String) => Self::Text,
            Some(Type::U32) => Self::U32,
            Some(Type::U64) => Self::U64,
            Some(Type::Option(ty)) if is_bytes(ty) => Self::MaybeBytes,
            Some(Type::Option(ty)) if **ty == Type::String => Self::MaybeText,
            Some(Type::Result {
                ok: Some(ok),
                err: Some(err),
            }) if **err == Type::String => match &**ok {
                Type::String => Self::TextOrError,
                ok if is_bytes(ok) => Self::BytesOrError,
                _ => return None,
            },
            _ => return None,
        })
    }
}

fn is_bytes(ty: &Type) -> bool {
    matches!(ty, Type::List(item) if **item == Type::U8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_lists_of_u8_and_nothing_else() {
        let list = |item| Type::List(Box::new(item));
        assert_eq!(
            PlainParams::from_types(&[&list(Type::U8)]),
            Some(PlainParams::Bytes)
        );
        assert_eq!(PlainParams::from_types(&[&list(Type::S8)]), None);
        assert_eq!(
            PlainResult::from_type(Some(&Type::Option(Box::new(list(Type::U8))))),
            Some(PlainResult::MaybeBytes)
        );
        assert_eq!(PlainResult::from_type(Some(&Type::F64)), None);
    }
}
