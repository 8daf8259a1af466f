//! Bodies of HTTP messages, incoming and outgoing, as they pass through the host: a tap that
//! watches a body, and lengths.
//!
//! Tests: `airssys-wasm-host/src/http_body/tap.rs`, `tests/suite/http/bodies.rs`.

mod length;
mod tap;

pub(crate) use length::content_length;
#[cfg(feature = "http")]
pub(crate) use length::frame_bytes;
pub(crate) use tap::{BodyTap, TapBody};
