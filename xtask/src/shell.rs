//! Runs programs and locates directories of the project.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Returns the workspace's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("`xtask` is a directory in the workspace")
}

/// Returns a path in `target` of this checkout for generated files, independent of cargo's target
/// directory.
pub fn output(name: &str) -> PathBuf {
    root().join("target").join(name)
}

/// Returns cargo's target directory.
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

/// Returns a command for the cargo that runs this program.
///
/// Without the variables that cargo sets for a program that it runs: a build script that depends on
/// one of them would run again, and everything that depends on it would be compiled again, each time
/// that cargo is started from here after it was started from a shell. The one of `ring` does.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Builds a program of the workspace and returns a command for it.
///
/// Builds the whole workspace and one of its tests as well, because cargo then selects the same
/// features of every dependency as for `cargo test --workspace`. So the runtime is built once for
/// both, which saves minutes and gigabytes.
pub fn program(name: &str) -> Result<Command, String> {
    let with_features_of_tests = ["--workspace", "--test", "swaps"];
    run(cargo()
        .args(["build", "--locked", "--bin", name])
        .args(with_features_of_tests))?;
    let this =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut program =
        Command::new(this.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
    program.current_dir(root());
    Ok(program)
}

/// Runs the program of a package of the workspace.
pub fn run_package(package: &str, arguments: &[String]) -> Result<(), String> {
    let mut program = cargo();
    program.args(["run", "--quiet", "--locked", "--package", package, "--"]);
    run(program.args(arguments))
}

/// Builds a program of the workspace with optimizations. Features are chosen for the whole workspace,
/// so that programs share all dependencies.
pub fn release_program(name: &str) -> Result<Command, String> {
    run(cargo().args([
        "build",
        "--locked",
        "--release",
        "--workspace",
        "--bin",
        name,
    ]))?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let mut program = Command::new(target_directory()?.join("release").join(file));
    program.current_dir(root());
    Ok(program)
}

/// Runs a program to its end with inherited output.
pub fn run(command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("cannot run {}: {error}", display(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status})", display(command)))
    }
}

/// Runs a program to its end and returns its standard output.
pub fn read(command: &mut Command) -> Result<String, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {}: {error}", display(command)))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{} failed:\n{text}", display(command)))
    }
}

/// Performs one of several steps and prints how long it took.
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

fn display(command: &Command) -> String {
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
