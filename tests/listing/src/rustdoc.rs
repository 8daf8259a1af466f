//! Descriptions of crates as JSON, from rustdoc.
//!
//! The format is an unstable option, which the pinned toolchain accepts only with `RUSTC_BOOTSTRAP`.
//! Cargo must not see that variable, or else it would build every dependency again. So cargo runs
//! this program in place of rustdoc, which sets the variable and runs rustdoc.
//! Tests: `cargo xtask api`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Set when cargo runs this program in place of rustdoc.
const WRAPPER: &str = "AIRSSYS_LISTING_WRAPPER";

/// Returns `true` if cargo runs this program in place of rustdoc.
pub(crate) fn is_wrapper() -> bool {
    std::env::var_os(WRAPPER).is_some()
}

/// Runs rustdoc with the arguments of this program and unstable options.
pub(crate) fn run_wrapped() -> ExitCode {
    let status = Command::new("rustdoc")
        .args(std::env::args_os().skip(1))
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Describes a library of the workspace with all its features. Returns the path of the JSON.
pub(crate) fn describe(library: &str) -> Result<PathBuf, String> {
    let this =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let status = cargo()
        .args(["rustdoc", "--quiet", "--locked", "--lib", "--all-features"])
        .args(["--package", library, "--"])
        .args(["-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTDOC", this)
        .env(WRAPPER, "1")
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("rustdoc of {library} failed ({status})")),
        Err(error) => return Err(format!("cannot run cargo: {error}")),
    }
    let file = format!("{}.json", library.replace('-', "_"));
    Ok(target_directory()?.join("doc").join(file))
}

fn target_directory() -> Result<PathBuf, String> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot read the output of cargo metadata: {error}"))?;
    let directory = metadata["target_directory"].as_str();
    directory
        .map(PathBuf::from)
        .ok_or_else(|| "cargo metadata names no target directory".to_owned())
}

/// Returns a command for the cargo that runs this program, without the variables that cargo sets
/// for this program: a build script that depends on one would run again, as in `xtask/src/shell.rs`.
fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}
