//! The length of a body: as declared, and of each frame.
//!
//! Tests: `tests/suite/http/ends.rs`, `tests/suite/capabilities/http.rs`.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use hyper::body::Frame;

/// Returns the declared length of a body, in bytes.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Returns the number of bytes of data in a frame; 0 for trailers.
pub(crate) fn frame_bytes(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, Bytes::len) as u64
}
