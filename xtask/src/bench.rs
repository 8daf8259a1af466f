//! The comparison with bare wasmtime, and with servers that others wrote.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{cargo, output, run as shell_run, target_directory};
use crate::tools::{ensure, ensure_crate};

const BENCHES: &str = "airssys-wasm-benches";
/// Some rows are of the command, which lies beside the benches.
const COMMAND: &str = "airssys-wasm-cli";

/// Builds and runs the bench; arguments name the rows to run.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    let packages = ["--package", BENCHES, "--package", COMMAND];
    shell_run(
        cargo()
            .args(["build", "--quiet", "--locked", "--release"])
            .args(packages),
    )?;
    let program = format!("{BENCHES}{}", std::env::consts::EXE_SUFFIX);
    let mut bench = Command::new(target_directory()?.join("release").join(program));
    bench
        .args(arguments)
        .env("AIRSSYS_BENCH_REPORT", output("bench-report.json"));
    if arguments.is_empty() || arguments.iter().any(|row| row.starts_with("web")) {
        ensure("wrk")?;
        bench.env("AIRSSYS_BENCH_WASMTIME", wasmtime()?);
    }
    shell_run(&mut bench)
}

/// The peer: without what a server never uses, which takes as long again to build.
fn wasmtime() -> Result<PathBuf, String> {
    let features = "serve,run,component-model-async,backtrace,parallel-compilation,pooling-allocator,cranelift,addr2line,\
         demangle,gc,gc-copying,gc-drc,gc-null,threads,logging";
    ensure_crate("wasmtime-cli", "48.0.8", features, "wasmtime")
}
