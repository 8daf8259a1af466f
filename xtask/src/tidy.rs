//! Checks the sources themselves: words, names, pointers to tests, and walls between rooms.

use crate::shell::{cargo, run as shell_run};

/// Runs `tests/tidy`, with its arguments.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let mut tidy = cargo();
    tidy.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "airssys-wasm-tidy",
        "--",
    ]);
    shell_run(tidy.args(arguments))
}
