//! Installs programs that tests need and a machine may lack.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::shell::{cargo, output, run};

/// Ensures that a program exists; installs the Debian package of the same name if it does not.
pub fn ensure(program: &str) -> Result<(), String> {
    if is_installed(program) {
        return Ok(());
    }
    let advice = |why: String| {
        format!(
            "the tests need `{program}`, which cannot be installed automatically ({why}); install it"
        )
    };
    let mut apt = Command::new("apt-get");
    apt.args(["install", "--yes", "--no-install-recommends", program]);
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null());
    if run(&mut apt).is_err() {
        // The package lists may be missing.
        run(Command::new("apt-get").arg("update").stdout(Stdio::null())).map_err(advice)?;
        run(&mut apt).map_err(advice)?;
    }
    Ok(())
}

/// Ensures that a program of a crate exists in this version, and returns its path.
pub fn ensure_crate(
    name: &str,
    version: &str,
    features: &str,
    program: &str,
) -> Result<PathBuf, String> {
    let place = output("tools").join(format!("{name}-{version}"));
    let there = place.join("bin").join(program);
    if !there.is_file() {
        eprintln!("building {name} {version}, once");
        let mut install = cargo();
        install.args([
            "install",
            "--locked",
            "--no-default-features",
            "--features",
            features,
        ]);
        run(install
            .args(["--version", version, name, "--root"])
            .arg(&place))?;
    }
    Ok(there)
}

fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}
