//! Three ways to call a function, all of which survive updates.
//!
//! Typed functions, dynamic functions and generated bindings share one mechanism, a [`Handle`],
//! which looks something up once in each instance and caches it there.
//! Tests: `tests/suite/calls.rs`, `tests/suite/promises`.

mod bindings;
mod boxed;
mod call_target;
mod dynamic;
mod exit;
mod handle;
mod lookup_hint;
mod plain;
mod signature;
mod streaming;
mod typed;
pub(crate) mod values;

pub use bindings::Bindings;
pub(crate) use boxed::box_future;
pub use dynamic::DynamicFunction;
pub(crate) use handle::Handle;
pub(crate) use plain::{PlainSource, ReturnedValue};
pub(crate) use signature::{Params, Results, WithTypes, with_types};
pub(crate) use streaming::{StreamWritten, StreamingFunction};
pub use typed::Function;
