//! Checks the sources themselves: words, names, pointers to tests and walls between rooms.
//!
//! `cargo xtask tidy` runs it. Each finding names a file, a line and what to write instead;
//! `--counts` prints totals as well, and `--rooms`
//! the rooms of each crate with those that they use.
//!
//! Tests: in the file of each rule, over small sources that break it once.
#![expect(clippy::print_stdout, reason = "it reports to a person")]

mod comments;
mod functions;
mod names;
mod pointers;
mod report;
mod rooms;
mod source;

use std::path::Path;
use std::process::ExitCode;

use report::Report;
use source::Crate;

/// The crates whose sources are checked.
const CRATES: [&str; 5] = [
    "airssys-wasm-core",
    "airssys-wasm-host",
    "airssys-wasm-cli",
    "airssys-wasm-macros",
    "airssys-wasm-sdk",
];
/// Folders in which only the words are checked.
const WORDS_ONLY: [&str; 4] = ["xtask", "benches", "examples", "tests"];

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if std::env::args().any(|argument| argument == "--rooms") {
        for name in CRATES {
            println!(
                "{}",
                rooms::shown(name, &Crate::read(&root, &format!("{name}/src")))
            );
        }
        return ExitCode::SUCCESS;
    }
    let report = check(&root);
    for finding in report.findings() {
        println!("{finding}");
    }
    if std::env::args().any(|argument| argument == "--counts") {
        println!("{}", report.counts());
    }
    if report.findings().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn check(root: &Path) -> Report {
    let mut report = Report::default();
    for name in CRATES {
        let sources = Crate::read(root, &format!("{name}/src"));
        comments::check(&sources, &mut report);
        names::check(&sources, &mut report);
        functions::check(&sources, &mut report);
        pointers::check(root, &sources, &mut report);
        rooms::check(root, name, &sources, &mut report);
    }
    for name in WORDS_ONLY {
        let sources = Crate::read(root, name);
        comments::check(&sources, &mut report);
        pointers::check(root, &sources, &mut report);
    }
    report
}
