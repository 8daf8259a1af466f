//! What tests, the demonstration and the benches share: the guest programs, and a
//! load whose log proves what happened to each call.
//!
//! Contains no tests of its own but those of the checker; they are in `suite/`.
#![forbid(unsafe_code)]

pub mod guests;
pub mod load;
