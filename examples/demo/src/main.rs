//! Replaces a component under load, and proves from a log of every call that
//! none was dropped and each was answered by the revision that had to.
//!
//! `cargo xtask demo` runs it; `--json` makes the last line one JSON object;
//! `--calls N` makes it longer, `--broken` swaps in a way that must be caught.
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
        broken::tell(&arguments).await
    } else {
        story::tell(&arguments).await
    };
    let report = match told {
        Ok(report) => report,
        Err(error) => {
            eprintln!("the demonstration could not go on: {error:?}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", report.table());
    if arguments.json {
        println!("{}", report.json());
    }
    if report.kept() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
