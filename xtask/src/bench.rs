//! Compares the host with bare wasmtime and with other servers.

use std::path::PathBuf;

use crate::shell::{output, release_program, run as shell_run};
use crate::tools::{ensure, ensure_crate};

const BENCHES: &str = "airssys-wasm-benches";
/// Some rows run the command, which is built into the same directory as the benches.
const COMMAND: &str = "airssys-wasm";

/// Builds and runs the benches; `arguments` name the rows to run.
pub fn run(arguments: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    // Some rows run the command, which lies beside the benches.
    release_program(COMMAND)?;
    let mut bench = release_program(BENCHES)?;
    bench
        .args(arguments)
        .env("AIRSSYS_BENCH_REPORT", output("bench-report.json"));
    if arguments.is_empty() || arguments.iter().any(|row| row.starts_with("web")) {
        ensure("wrk")?;
        bench.env("AIRSSYS_BENCH_WASMTIME", wasmtime()?);
    }
    shell_run(&mut bench)
}

/// Installs `wasmtime`, the server to compare with. Leaves out features that a server never uses,
/// which would double the time to build it.
fn wasmtime() -> Result<PathBuf, String> {
    let features = "serve,run,component-model-async,backtrace,parallel-compilation,pooling-allocator,cranelift,addr2line,\
         demangle,gc,gc-copying,gc-drc,gc-null,threads,logging";
    ensure_crate("wasmtime-cli", "48.0.8", features, "wasmtime")
}
