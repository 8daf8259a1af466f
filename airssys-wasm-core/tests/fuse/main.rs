//! Tests of fused components: for any types they are valid down to the function bodies and have the
//! right world, and invalid chains are refused.
//!
//! The stages have types but no behavior. The behavior of fused components is tested in
//! `tests/suite/fuse`.
#![cfg(feature = "fuse")]

mod cases;
mod properties;
mod refusals;
mod stages;
