//! Attacks a host process.

use crate::shell::{cargo, run as shell_run};

/// Default duration.
const TIME: [&str; 2] = ["--minutes", "10"];

/// Runs the soak for ten minutes, or for `--minutes N` or `--seconds N`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let arguments: Vec<&str> = match arguments {
        [] => TIME.to_vec(),
        [unit, _] if unit == "--minutes" || unit == "--seconds" => {
            arguments.iter().map(String::as_str).collect()
        }
        _ => return Err("usage: `cargo xtask soak [--minutes N | --seconds N]`".into()),
    };
    crate::components::run(&[])?;
    // The same features as `cargo test`, so that nothing is built twice.
    let mut soak = cargo();
    soak.args([
        "test",
        "--quiet",
        "--locked",
        "--workspace",
        "--test",
        "soak",
        "--",
    ]);
    shell_run(soak.args(arguments))
}
