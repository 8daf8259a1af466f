//! Fusing: combines several components into a single component that runs their functions in
//! sequence.
//!
//! The stages are independent of each other and are embedded unchanged in the new component. A
//! small glue module between them passes the result of one stage to the next, in its own memory.
//! The fused component runs on any runtime, without code from this project.
//!
//! | file | contents |
//! |---|---|
//! | `plan` | which value goes to which stage, and what cannot be fused |
//! | `shape`, `layout`, `flat` | the Canonical ABI: values in memory and as core values |
//! | `memory`, `glue`, `body`, `load` | the core modules between the stages |
//! | `imports`, `types` | the imports of the new component, and the encoding of types |
//! | `assemble` | the new component |
//!
//! Does not decide whether stages should be fused, and runs nothing.
//! Tests: `airssys-wasm-core/tests/fuse`, `tests/suite/fuse`.

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
pub use error::FuseError;
