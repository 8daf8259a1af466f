//! A host process that one of its deployments attacks, while another serves.
//!
//! As a test it takes 15 seconds; `cargo xtask soak` runs it for longer. What happens in it and what
//! is promised: `airssys_wasm_tests::soak`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures are its output"
)]

mod arguments;

use std::process::{Command, ExitCode};

use airssys_wasm_tests::soak::{self, Plan};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

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
    open_many();
    let mut control = Command::new(std::env::current_exe().expect("this program is a file"));
    control.arg(arguments::CONTROL);
    let command = env!("CARGO_BIN_EXE_airssys-wasm").into();
    let report = soak::run(Plan {
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

/// This process opens more descriptors than the one it attacks may.
fn open_many() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    )
    .expect("the limit is raised");
}
