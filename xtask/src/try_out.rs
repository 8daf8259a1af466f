//! A component with exactly the grants that are given.

use crate::shell::{program, run as shell_run};

/// Passes everything on: see `tests/try`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    shell_run(program("try")?.args(arguments).env("TRY_FROM", here))
}
