//! Runs the attack table.

use crate::shell::{program, run as shell_run};

/// Runs every case, or those whose name contains a word of `arguments`; `--json` makes the last
/// line a JSON object.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    shell_run(program("attacks")?.args(arguments))
}
