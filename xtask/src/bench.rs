//! The comparison with bare wasmtime.

use crate::shell::{cargo, output, run as shell_run};

/// Builds and runs the bench; arguments name the rows to run.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    shell_run(
        cargo()
            .args(["run", "--quiet", "--release", "--package", "airssys-wasm-benches", "--"])
            .args(arguments)
            .env("AIRSSYS_BENCH_REPORT", output("bench-report.json")),
    )
}
