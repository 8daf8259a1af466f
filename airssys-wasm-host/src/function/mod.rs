//! Three ways to call a function, all of which survive updates.
//!
//! Typed, dynamic, and through generated bindings; underneath they are one
//! mechanism, a [`Handle`], that looks something up once in each instance and
//! keeps it there.
//! Tests: the workspace's `tests/calls` and `tests/promises`.

mod bindings;
mod dynamic;
mod exit;
mod handle;
mod rust_line;
mod signature;
mod streaming;
mod typed;
pub(crate) mod values;

pub use bindings::Bindings;
pub use dynamic::DynamicFunction;
pub(crate) use handle::Handle;
pub(crate) use signature::{Params, Results, WithTypes, with_types};
pub(crate) use streaming::{Ended, StreamingFunction};
pub use typed::Function;
