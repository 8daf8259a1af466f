//! Soak test: a deployment attacks its host process while another one serves requests.
//!
//! Takes 15 seconds as a test; `cargo xtask soak` runs it for longer. `airssys_wasm_tests::soak`
//! describes the load and the guarantees that it checks.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures are its output"
)]

mod arguments;

use std::process::{Command, ExitCode};

use airssys_wasm_tests::process::raise_descriptor_limit;
use airssys_wasm_tests::soak::{self, SoakPlan};

use arguments::{Arguments, Load, parse};

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)) {
        Ok(Arguments::Run(load)) => run(&load),
        Ok(Arguments::Control) => {
            soak::answer_as_control().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
        }
        Ok(Arguments::List) => {
            println!("soak: test");
            ExitCode::SUCCESS
        }
        Ok(Arguments::Skip) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(load: &Load) -> ExitCode {
    raise_descriptor_limit();
    let mut control = Command::new(std::env::current_exe().expect("the path of this program"));
    control.arg(arguments::CONTROL);
    let command = env!("CARGO_BIN_EXE_airssys-wasm").into();
    let report = soak::run(SoakPlan {
        command,
        control,
        time: load.time,
        in_time_min: load.in_time_min,
    });
    println!("{report}");
    if report.broken().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
