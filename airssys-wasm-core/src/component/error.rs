//! Why bytes are not a component that can be used here.
//!
//! Tests: `component`.

use thiserror::Error;

use super::AboutError;
use crate::RequestsError;
use crate::bounds::COMPONENT_BYTES_MAX;

/// Why bytes are not a usable component.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// The bytes are not WebAssembly at all.
    #[error(
        "not WebAssembly: {found}; expected a component, as `cargo build --target wasm32-wasip2` writes it"
    )]
    NotWasm {
        /// What the bytes look like.
        found: String,
    },
    /// Larger than a component may be.
    #[error(
        "{bytes} bytes, and at most {COMPONENT_BYTES_MAX} are read; give it its data as files instead"
    )]
    TooLarge {
        /// How many bytes there are.
        bytes: usize,
    },
    /// A core module, without the types that make a component.
    #[error(
        "a core module, not a component; build it with `--target wasm32-wasip2`, or turn it into a component with `wasm-tools component new module.wasm -o component.wasm`"
    )]
    CoreModule,
    /// A WIT package in binary form: types and no code.
    #[error("a WIT package in binary form, not a component: it has types and no code")]
    WitPackage,
    /// The bytes end too early.
    #[error(
        "truncated: {length} bytes, and more are needed ({problem}); copy or build the file again"
    )]
    Truncated {
        /// How many bytes there are.
        length: usize,
        /// What the parser was reading.
        problem: String,
    },
    /// The bytes break the format.
    #[error("malformed at byte {offset}: {problem}")]
    Malformed {
        /// Where, counted from 0.
        offset: u64,
        /// What is wrong.
        problem: String,
    },
    /// The world cannot be read.
    #[error("its world cannot be read: {problem}")]
    World {
        /// What is wrong.
        problem: String,
    },
    /// The section about the component is malformed.
    #[error(transparent)]
    About(#[from] AboutError),
    /// The section of requests is malformed.
    #[error(transparent)]
    Requests(#[from] RequestsError),
}

impl ComponentError {
    pub(super) fn malformed(bytes: &[u8], error: &wasmparser::BinaryReaderError) -> Self {
        let problem = error.message().to_owned();
        let offset = error.offset() as u64;
        if problem.contains("unexpected end") || problem.contains("past end") {
            Self::Truncated {
                length: bytes.len(),
                problem: format!("{problem} at byte {offset}"),
            }
        } else {
            Self::Malformed { offset, problem }
        }
    }
}
