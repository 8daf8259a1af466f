//! Runs a component with exactly the given grants.

use crate::shell::{program, run as shell_run};

/// Passes all arguments on to `tests/try`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    shell_run(program("try")?.args(arguments).env("TRY_FROM", here))
}
