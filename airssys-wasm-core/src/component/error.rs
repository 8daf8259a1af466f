//! Errors of reading a component.
//!
//! Tests: `airssys-wasm-core/src/component/bytes.rs`.

use thiserror::Error;

use super::MetadataError;
use crate::RequestsError;
use crate::bounds::COMPONENT_BYTES_MAX;

/// The reason bytes are not a usable component.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// The bytes are not WebAssembly.
    #[error(
        "not WebAssembly: {found}; expected a component, as `cargo build --target wasm32-wasip2` writes it"
    )]
    NotWasm {
        /// A description of the bytes.
        found: String,
    },
    /// The component exceeds the maximum size.
    #[error(
        "{bytes} bytes, but at most {COMPONENT_BYTES_MAX} are allowed; provide its data as files instead"
    )]
    TooLarge {
        /// The number of bytes.
        bytes: usize,
    },
    /// The bytes are a core module, without the types that make a component.
    #[error(
        "a core module, not a component; build it with `--target wasm32-wasip2`, or turn it into a component with `wasm-tools component new module.wasm -o component.wasm`"
    )]
    CoreModule,
    /// The bytes are a WIT package in binary form: types without code.
    #[error("a WIT package in binary form, not a component: it has types and no code")]
    WitPackage,
    /// The bytes end too early.
    #[error(
        "truncated: {length} bytes, but more are needed ({problem}); copy or build the file again"
    )]
    Truncated {
        /// The number of bytes.
        length: usize,
        /// The error of the parser.
        problem: String,
    },
    /// The bytes are malformed.
    #[error("malformed at byte {offset}: {problem}")]
    Malformed {
        /// The offset of the error in bytes, counted from 0.
        offset: u64,
        /// A description of the problem.
        problem: String,
    },
    /// The world of the component cannot be decoded.
    #[error("its world cannot be read: {problem}")]
    World {
        /// A description of the problem.
        problem: String,
    },
    /// The metadata section is malformed.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The section of requests is malformed.
    #[error(transparent)]
    Requests(#[from] RequestsError),
}

impl ComponentError {
    pub(super) fn from_parser_error(bytes: &[u8], error: &wasmparser::BinaryReaderError) -> Self {
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
