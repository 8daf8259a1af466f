//! Components: immutable bytes with a typed world.
//!
//! Tests: beside each file.

mod about;

pub use about::{About, AboutError};
