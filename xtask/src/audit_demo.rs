//! Finds out what a component needs.

use crate::shell::{program, run as shell_run};

/// Runs the example `audit-only`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    shell_run(program("audit-only")?.args(arguments))
}
