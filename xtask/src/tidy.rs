//! Checks the sources themselves: words, names, pointers to tests, and walls between rooms.

use crate::shell::run_package;

/// Runs `tests/tidy`, with its arguments.
pub fn run(arguments: &[String]) -> Result<(), String> {
    run_package("airssys-wasm-tidy", arguments)
}
