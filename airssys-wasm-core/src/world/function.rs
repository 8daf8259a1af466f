//! A function of a world.
//!
//! Tests: `lookup` and `stand_in`, which use it.

use std::fmt;

use super::types::{Type, separated};
use crate::FunctionName;

/// A function with its types; prints as WIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name by which the host finds it.
    pub name: FunctionName,
    /// Its parameters in order.
    pub params: Vec<Param>,
    /// Its result, if it has one.
    pub result: Option<Type>,
    /// Whether it is an `async func`.
    pub async_func: bool,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name, in kebab-case.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

impl Function {
    /// Whether it is `async`, or any of its types needs Component Model async.
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.async_func || self.types().any(Type::is_async)
    }

    /// Its parameters' types and then its result's.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        self.params
            .iter()
            .map(|param| &param.ty)
            .chain(&self.result)
    }

    /// The resources whose handles it takes or gives, as `interface.resource`; the interface
    /// without its version.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.types().flat_map(Type::resources)
    }

    /// Whether callers of `self` can call `other` and notice no difference.
    ///
    /// Names of parameters count: a dynamic caller may use them.
    #[must_use]
    pub fn same_type(&self, other: &Self) -> bool {
        self.params == other.params
            && self.result == other.result
            && self.async_func == other.async_func
    }

    /// The type alone, as WIT: `func(name: string) -> string`.
    #[must_use]
    pub fn signature(&self) -> String {
        Signature(self).to_string()
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, Signature(self))
    }
}

struct Signature<'a>(&'a Function);

impl fmt::Display for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.async_func {
            "async func("
        } else {
            "func("
        })?;
        separated(f, &self.0.params, |f, param| {
            write!(f, "{}: {}", param.name, param.ty)
        })?;
        match &self.0.result {
            Some(result) => write!(f, ") -> {result}"),
            None => f.write_str(")"),
        }
    }
}
