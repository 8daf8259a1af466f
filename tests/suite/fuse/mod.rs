//! Fused components, run by wasmtime alone without code of this project beneath them.
//!
//! Types and errors are tested in `airssys-wasm-core/tests/fuse`.

mod echoes;
mod guests;
mod random;
pub(crate) mod runner;
