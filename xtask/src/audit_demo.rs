//! Finding out what a component needs.

use crate::shell::{cargo, run as shell_run};

/// Runs the example `audit-only`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    shell_run(cargo().args(["run", "--quiet", "--locked", "--package", "audit-only", "--"]).args(arguments))
}
