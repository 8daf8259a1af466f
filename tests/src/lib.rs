//! What tests, the demonstration and the benches share: the guest programs, and a
//! load whose log proves what happened to each call; and a host process under attack.
//!
//! Contains no tests of its own but those of the checker and of the soak's rules; they are in `suite/`.
#![forbid(unsafe_code)]

pub mod crafted;
pub mod guests;
pub mod load;
pub mod process;
#[cfg(unix)]
pub mod soak;
