//! Shared by tests, the demonstration and the benches: the guest programs, a load whose log proves
//! what happened to each call, and a soak that attacks a host process.
//!
//! Contains only the tests of the load's checker and of the soak's rules; the tests of the product
//! are in `tests/suite`.
#![forbid(unsafe_code)]

pub mod crafted;
pub mod guests;
pub mod load;
pub mod process;
#[cfg(unix)]
pub mod soak;
