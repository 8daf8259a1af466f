//! A function of a world.
//!
//! Tests: `airssys-wasm-core/src/world/lookup.rs`, `airssys-wasm-core/src/world/replacement.rs`.

use std::fmt;

use super::types::{Type, write_separated};
use crate::FunctionName;

/// A function with its types; displays as WIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name by which the host looks up the function.
    pub name: FunctionName,
    /// The parameters, in order.
    pub params: Vec<Param>,
    /// The type of the result, if the function returns one.
    pub result: Option<Type>,
    /// `true` if the function is an `async func`.
    pub is_async_func: bool,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name, in kebab-case.
    pub name: String,
    /// The type of the parameter.
    pub ty: Type,
}

impl Function {
    /// Returns `true` if the function is `async`, or if any of its types needs Component Model
    /// async.
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.is_async_func || self.types().any(Type::is_async)
    }

    /// Returns the types of the parameters, followed by the type of the result.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        self.params
            .iter()
            .map(|param| &param.ty)
            .chain(&self.result)
    }

    /// Returns the resources whose handles the function takes or returns, as `interface.resource`
    /// without the version of the interface.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.types().flat_map(Type::resources)
    }

    /// Returns `true` if callers of `self` can call `other` without noticing a difference.
    ///
    /// Names of parameters must match too, because dynamic callers can use them.
    #[must_use]
    pub fn has_same_type(&self, other: &Self) -> bool {
        self.params == other.params
            && self.result == other.result
            && self.is_async_func == other.is_async_func
    }

    /// Returns the type of the function as WIT: `func(name: string) -> string`.
    #[must_use]
    pub fn signature(&self) -> String {
        SignatureText(self).to_string()
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, SignatureText(self))
    }
}

struct SignatureText<'a>(&'a Function);

impl fmt::Display for SignatureText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_async_func {
            "async func("
        } else {
            "func("
        })?;
        write_separated(f, &self.0.params, |f, param| {
            write!(f, "{}: {}", param.name, param.ty)
        })?;
        match &self.0.result {
            Some(result) => write!(f, ") -> {result}"),
            None => f.write_str(")"),
        }
    }
}
