//! A component with exactly the grants that are given.

use crate::shell::{cargo, run as shell_run};

/// Passes everything on: see `tests/try`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    let program = ["run", "--quiet", "--locked", "--package", "airssys-wasm-tests", "--bin", "try", "--"];
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    shell_run(cargo().args(program).args(arguments).env("TRY_FROM", here))
}
