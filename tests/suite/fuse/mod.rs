//! Fused components, run by wasmtime alone: no code of ours is below them.
//!
//! Which types and which errors there are is tested in core's `tests/compose`.

mod echoes;
mod guests;
mod random;
pub(crate) mod runner;
