//! The `airssys-wasm` command.

use std::process::ExitCode;

use tokio::runtime::Builder;

/// After so many steps of tasks a thread looks for what has come from outside. A step that answers
/// a request takes as long as five of others: at tokio's 61, who has just asked waits for many.
const STEPS_BETWEEN_EVENTS: u32 = 13;

fn main() -> ExitCode {
    let runtime = Builder::new_multi_thread().enable_all().event_interval(STEPS_BETWEEN_EVENTS).build();
    match runtime {
        Ok(runtime) => runtime.block_on(airssys_wasm_cli::run(std::env::args_os())),
        Err(error) => {
            anstream::eprintln!("error: no threads can be started: {error}");
            ExitCode::FAILURE
        }
    }
}
