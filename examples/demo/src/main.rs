//! Replaces a component under load, and proves from a log of all calls that none was dropped and
//! each was answered by the correct revision.
//!
//! Run with `cargo xtask demo`. `--json` makes the last line a JSON object, `--calls N` sets the
//! number of calls, and `--broken` performs a swap that must be detected as broken.
#![expect(clippy::print_stdout, reason = "a demonstration prints")]
#![expect(clippy::print_stderr, reason = "progress goes to stderr")]

mod arguments;
mod broken;
mod figures;
mod greeter;
mod report;
mod story;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match arguments::Arguments::from_env() {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let told = if arguments.broken {
        broken::run(&arguments).await
    } else {
        story::run(&arguments).await
    };
    let report = match told {
        Ok(report) => report,
        Err(error) => {
            eprintln!("the demonstration failed: {error:?}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", report.table());
    if arguments.json {
        println!("{}", report.json());
    }
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
