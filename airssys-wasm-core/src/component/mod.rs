//! Components: immutable bytes with a typed world.
//!
//! Reads names, versions, requests and types out of bytes, and never runs them.
//! Does not compile: function bodies are first looked at by the host's compiler.
//! Tests: below; on components built by several toolchains in the workspace's
//! `tests`.

mod about;
#[cfg(feature = "component")]
mod bytes;
#[cfg(feature = "component")]
mod digest;
#[cfg(feature = "component")]
mod error;
#[cfg(feature = "component")]
mod languages;
#[cfg(feature = "component")]
mod sections;
#[cfg(feature = "compose")]
mod stamp;
#[cfg(feature = "component")]
mod wit;

pub use about::{About, AboutError};
#[cfg(feature = "component")]
pub use {bytes::Component, digest::Digest, digest::DigestError, error::ComponentError};
