//! Runs the demonstration, in which a component is replaced under load.

use crate::shell::{release_program, run as shell_run};

/// Builds the demonstration and runs it; `--json` makes the last line a JSON object.
pub fn run(arguments: &[String]) -> Result<(), String> {
    eprintln!("building the components and, the first time, the runtime (some minutes) ...");
    crate::components::run(&[])?;
    shell_run(release_program("demo")?.args(arguments))
}
