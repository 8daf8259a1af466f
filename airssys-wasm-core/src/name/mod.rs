//! Names, parsed once: of components and of the functions they export.
//!
//! A name that reaches the rest of the code is valid by its type. This room
//! knows nothing of which names exist; see [`nearest`](crate::suggest::nearest)
//! for "did you mean".
//! Tests: beside each parser, and the properties in `tests/names.rs`.

mod component_name;
mod function_name;

pub use component_name::{ComponentName, ComponentNameError};
pub use function_name::{FunctionName, FunctionNameError};
