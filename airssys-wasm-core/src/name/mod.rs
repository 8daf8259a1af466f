//! Names of components and of exported functions, validated once.
//!
//! A value of these types is always a valid name. This module does not know which names exist; see
//! [`nearest`](crate::suggest::nearest) for suggestions.
//! Tests: `airssys-wasm-core/tests/names.rs`.

mod component_name;
mod function_name;

pub use component_name::{ComponentName, ComponentNameError};
pub use function_name::{FunctionName, FunctionNameError};
