//! Compares the public API of the libraries with the checked-in listings.

use crate::shell::run_package;

/// Runs `tests/listing`, with its arguments.
pub fn run(arguments: &[String]) -> Result<(), String> {
    run_package("airssys-wasm-listing", arguments)
}
