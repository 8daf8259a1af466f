//! The attack table.

use crate::shell::{cargo, run as shell_run};

/// Runs every case, or those whose name has a word that is given; `--json` makes the last
/// line one object.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    let program = ["run", "--quiet", "--locked", "--package", "airssys-wasm-tests", "--bin", "attacks", "--"];
    shell_run(cargo().args(program).args(arguments))
}
