//! Components: immutable bytes with a typed world.
//!
//! Reads names, versions, requests and types from bytes without running or compiling them. Function
//! bodies are first checked by the compiler of the host.
//! Tests: `airssys-wasm-core/src/component/bytes.rs`, `tests/suite/components.rs`.

#[cfg(feature = "component")]
mod bytes;
#[cfg(feature = "component")]
mod digest;
#[cfg(feature = "component")]
mod error;
#[cfg(feature = "component")]
mod languages;
mod metadata;
#[cfg(feature = "component")]
mod sections;
#[cfg(feature = "fuse")]
mod stamp;
#[cfg(feature = "component")]
mod wit;

pub use metadata::{ComponentMetadata, MetadataError};
#[cfg(feature = "component")]
pub use {bytes::Component, digest::Digest, digest::DigestError, error::ComponentError};
