//! Tests with real components. A file a subject; `promises/` has one a promise.
#![expect(clippy::print_stdout, reason = "figures are for whoever reads the test's output")]

mod authority;
mod bad_input;
mod calls;
mod code_cache;
mod components;
mod instancing;
mod limits;
mod observe;
mod promises;
mod support;
mod walls;
