//! The `airssys-wasm` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    airssys_wasm_cli::run(std::env::args_os())
}
