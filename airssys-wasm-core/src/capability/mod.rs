//! What a component asks to reach, written in one canonical text.
//!
//! A request proves nothing: it records what the author says the component
//! needs. This room neither grants nor enforces; no host gives a component
//! anything because of what stands here.
//! Tests: beside each file, and `tests/section_text.rs`.

mod requests;
mod text;

pub use requests::{Requests, RequestsError};
pub use text::CapabilityError;

/// One thing outside itself that a component asks to reach.
///
/// Its text is a word and a target, `file-read /data`, and is the same wherever
/// it appears: in a component's custom section, in messages, on the command
/// line.
///
/// ```
/// use airssys_wasm_core::Capability;
///
/// let capability = Capability::NetworkOutbound("api.example.com".into());
/// assert_eq!(capability.to_string(), "network-outbound api.example.com");
/// assert_eq!(capability, "network-outbound api.example.com".parse()?);
/// # Ok::<(), airssys_wasm_core::CapabilityError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Capability {
    /// Read files at or below an absolute path.
    FileRead(String),
    /// Create, write and remove files at or below an absolute path.
    FileWrite(String),
    /// Accept connections at `address` or `address:port`.
    NetworkInbound(String),
    /// Open connections to `host` or `host:port`.
    NetworkOutbound(String),
}
