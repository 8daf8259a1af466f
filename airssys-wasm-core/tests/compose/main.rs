//! Fused components: valid to the last function body, and of the right world, for any
//! types; and what is refused.
//!
//! The stages have types and no behaviour. What fused components do is tested in the
//! workspace's `tests/suite/fuse`.
#![cfg(feature = "compose")]

mod cases;
mod properties;
mod refusals;
mod stages;
