//! Fusing: several components made into one that runs their functions one after
//! the other.
//!
//! The stages know nothing of each other and are not changed: they lie in the new
//! component as they are. Between them is a small module of ours, with a memory of
//! its own, that takes what one returns and gives it to the next. What comes out runs
//! on any runtime; none of this project's code is needed.
//!
//! | file | what it knows |
//! |---|---|
//! | `plan` | which value goes where, and what cannot be fused |
//! | `shape`, `layout`, `flat` | the Canonical ABI: how a value lies in memory and in core values |
//! | `memory`, `glue`, `body`, `load` | the core modules between the stages |
//! | `imports`, `types` | what the new component imports, and how types are written |
//! | `assemble` | the new component |
//!
//! Does not decide whether stages should be fused, and runs nothing.
//! Tests: `tests/compose`, over random types too; run by wasmtime, with real guests and
//! any values, in the workspace's `tests/suite/fuse`.

mod assemble;
mod body;
mod chain;
mod error;
mod flat;
mod glue;
mod imports;
mod layout;
mod load;
mod memory;
mod plan;
mod shape;
mod types;

pub use chain::Chain;
pub use error::ComposeError;
