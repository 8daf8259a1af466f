//! Builds the guest programs into `target/components/<name>.wasm`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::shell::{cargo, output, read, root, run as shell_run, target_directory};

const TARGET: &str = "wasm32-wasip2";

/// Builds every guest.
pub fn run(_: &[String]) -> Result<(), String> {
    ensure_target()?;
    let manifest = root().join("tests/guests/Cargo.toml");
    let built = target_directory()?.join("guests");
    shell_run(
        cargo()
            .args([
                "build",
                "--locked",
                "--release",
                "--target",
                TARGET,
                "--manifest-path",
            ])
            .arg(&manifest)
            .arg("--target-dir")
            .arg(&built),
    )?;
    copy(&built.join(TARGET).join("release"), &output("components"))
}

/// Installs the target if it is missing, because toolchains install nothing automatically here.
fn ensure_target() -> Result<(), String> {
    let Ok(installed) =
        read(
            Command::new("rustup")
                .current_dir(root())
                .args(["target", "list", "--installed"]),
        )
    else {
        // Without rustup the toolchain either includes the target or the build reports that it is
        // missing.
        return Ok(());
    };
    if installed.lines().any(|line| line.trim() == TARGET) {
        return Ok(());
    }
    shell_run(
        Command::new("rustup")
            .current_dir(root())
            .args(["target", "add", TARGET]),
    )
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed =
        |error: std::io::Error| format!("cannot copy components to {}: {error}", to.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .replace('_', "-");
            fs::copy(&path, to.join(name)).map_err(failed)?;
        }
    }
    Ok(())
}
