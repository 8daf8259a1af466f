//! A library with requests of its own.
//!
//! Its one function is inlined and the requests stand in another file: without
//! the symbol that the macro exports, the linker would take nothing of that.

mod requests;

/// Where the library keeps its data.
#[inline]
pub fn data() -> &'static str {
    "/library"
}
