//! `cargo xtask <command>`: installs what is missing, then runs the command.
//!
//! One file per command. Has no dependencies, so that it builds in a second.

mod api;
mod attacks;
mod audit_demo;
mod bench;
mod bless;
mod components;
mod demo;
mod examples;
mod ratchet;
mod shell;
mod soak;
mod test;
mod tidy;
mod tools;
mod try_out;

use std::process::ExitCode;

const COMMANDS: [(&str, &str, Command); 13] = [
    (
        "demo",
        "replaces a component under load, and checks that no call was dropped [--json]",
        demo::run,
    ),
    (
        "test",
        "runs every check: format, lints, tests, examples, docs",
        test::run,
    ),
    (
        "attacks",
        "tries everything that a component must not do, and what it may do [--json]",
        attacks::run,
    ),
    (
        "soak",
        "attacks a host process from one deployment while another serves [--minutes N]",
        soak::run,
    ),
    (
        "try",
        "runs a component with exactly these grants, and prints every decision",
        try_out::run,
    ),
    (
        "audit-demo",
        "finds out what a component needs, grants that, and revokes it",
        audit_demo::run,
    ),
    (
        "components",
        "builds the guest programs that tests, examples and benches run",
        components::run,
    ),
    (
        "examples",
        "runs every example and compares what it prints",
        examples::run,
    ),
    (
        "bench",
        "compares with bare wasmtime, and prints ratios",
        bench::run,
    ),
    (
        "ratchet",
        "counts the instructions of each operation and fails if one grew [--bless] [ROW...]",
        ratchet::run,
    ),
    (
        "tidy",
        "checks the sources' words, names, pointers and walls [--counts] [--rooms]",
        tidy::run,
    ),
    (
        "api",
        "compares the public API with its listings [--bless]",
        api::run,
    ),
    (
        "bless",
        "accepts the current output of snapshots and examples",
        bless::run,
    ),
];

type Command = fn(&[String]) -> Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = arguments
        .first()
        .and_then(|name| COMMANDS.iter().find(|(known, ..)| known == name));
    let Some((_, _, run)) = command else {
        eprintln!("cargo xtask <command>, one of:");
        COMMANDS
            .iter()
            .for_each(|(name, about, _)| eprintln!("  {name:<12} {about}"));
        return ExitCode::from(2);
    };
    match run(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
