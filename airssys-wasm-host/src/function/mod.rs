//! Three ways to call a function, all of which survive updates.
//!
//! Typed, dynamic, and through generated bindings; underneath they are one
//! mechanism, a [`Handle`], that looks something up once in each instance and
//! keeps it there.
//! Tests: the workspace's `tests/calls` and `tests/promises`.

mod bindings;
mod dynamic;
mod handle;
mod typed;
mod values;

pub use bindings::Bindings;
pub use dynamic::DynamicFunction;
pub(crate) use handle::Handle;
pub use typed::Function;
