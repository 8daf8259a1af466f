//! A library with its own requests.
//!
//! Its only function is inlined, and the requests are in another file: without the symbol that the
//! macro exports, the linker would drop them.

mod requests;

/// Returns the directory in which the library stores its data.
#[inline]
pub fn data() -> &'static str {
    "/library"
}
