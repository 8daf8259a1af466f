//! Runs programs, and finds the project.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the project's folder")
}

/// Where what is made for this checkout lies, wherever cargo builds.
pub fn output(name: &str) -> PathBuf {
    root().join("target").join(name)
}

/// Where cargo builds.
pub fn target_directory() -> Result<PathBuf, String> {
    let metadata = read(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let (_, rest) = metadata
        .split_once("\"target_directory\":\"")
        .ok_or("cargo metadata names no target directory")?;
    let path = rest
        .split('"')
        .next()
        .unwrap_or_default()
        .replace("\\\\", "\\");
    Ok(path.into())
}

/// The cargo that runs this.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// A program of the workspace, built and ready to be run.
///
/// The whole workspace and one of its tests take part in the build, for cargo then chooses the
/// same features of every dependency as it does for `cargo test --workspace`: the runtime is
/// built once for both, which saves minutes and gigabytes.
pub fn program(name: &str) -> Result<Command, String> {
    let with_features_of_tests = ["--workspace", "--test", "swaps"];
    run(cargo()
        .args(["build", "--quiet", "--locked", "--bin", name])
        .args(with_features_of_tests))?;
    let this =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut program =
        Command::new(this.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
    program.current_dir(root());
    Ok(program)
}

/// Runs a program to its end; its output goes where ours does.
pub fn run(command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("cannot run {}: {error}", shown(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status})", shown(command)))
    }
}

/// Runs a program to its end and returns what it printed.
pub fn read(command: &mut Command) -> Result<String, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", shown(command)))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{} failed:\n{text}", shown(command)))
    }
}

/// Does one step of several, and says how long it took.
pub fn step(name: &str, action: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    eprintln!("== {name}");
    let begun = Instant::now();
    let outcome = action();
    eprintln!(
        "== {name}: {} ({:.0?})",
        if outcome.is_ok() { "ok" } else { "FAILED" },
        begun.elapsed()
    );
    outcome
}

fn shown(command: &Command) -> String {
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy());
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    std::iter::once(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
