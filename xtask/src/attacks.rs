//! The attack table.

use crate::shell::{program, run as shell_run};

/// Runs every case, or those whose name has a word that is given; `--json` makes the last
/// line one object.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    shell_run(program("attacks")?.args(arguments))
}
