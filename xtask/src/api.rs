//! Compares the public API of the libraries with the checked-in listings.

use crate::shell::{cargo, run as shell_run};

/// Runs `tests/listing`, with its arguments.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut listing = cargo();
    listing.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "airssys-wasm-listing",
        "--",
    ]);
    shell_run(listing.args(arguments))
}
