//! Runs every check, in the order in which they fail fastest.

use crate::shell::{cargo, root, run as shell_run, step};

/// Runs all checks.
pub fn run(_: &[String]) -> Result<(), String> {
    step("format", || {
        shell_run(cargo().args(["fmt", "--all", "--check"]))
    })?;
    step("tools", || {
        [
            "chromium",
            "curl",
            "docker-registry",
            "skopeo",
            "strace",
            "valgrind",
            "wrk",
        ]
        .into_iter()
        .try_for_each(crate::tools::ensure)
    })?;
    step("tidy", || crate::tidy::run(&[]))?;
    step("components", || crate::components::run(&[]))?;
    step("lints", || {
        shell_run(cargo().args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    step("lints of the guests", || {
        let manifest = root().join("tests/guests/Cargo.toml");
        shell_run(
            cargo()
                .args([
                    "clippy",
                    "--quiet",
                    "--locked",
                    "--target",
                    "wasm32-wasip2",
                    "--manifest-path",
                ])
                .arg(manifest)
                .args(["--", "--deny", "warnings"]),
        )
    })?;
    step("tests", || {
        shell_run(cargo().args(["test", "--locked", "--workspace"]))
    })?;
    step("ratchet", || crate::ratchet::run(&[]))?;
    step("attacks", || crate::attacks::run(&["--json".into()]))?;
    step("core without its default features", || {
        shell_run(cargo().args([
            "test",
            "--locked",
            "--package",
            "airssys-wasm-core",
            "--no-default-features",
        ]))
    })?;
    step("examples", || crate::examples::run(&[]))?;
    step("api", || crate::api::run(&[]))?;
    step("docs", || {
        let mut docs = cargo();
        shell_run(
            docs.args(["doc", "--locked", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        )
    })
}
