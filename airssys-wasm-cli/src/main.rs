//! The `airssys-wasm` command.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    airssys_wasm_cli::run(std::env::args_os()).await
}
