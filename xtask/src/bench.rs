//! The comparison with bare wasmtime, and with servers that others wrote.

use std::path::PathBuf;

use crate::shell::{cargo, output, run as shell_run};
use crate::tools::{ensure, ensure_crate};

/// Builds and runs the bench; arguments name the rows to run.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    let mut bench = cargo();
    bench
        .args(["run", "--quiet", "--release", "--package", "airssys-wasm-benches", "--"])
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
