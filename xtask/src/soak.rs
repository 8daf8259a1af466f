//! A host process under attack.

use crate::shell::{cargo, run as shell_run};

/// How long it takes if nothing else is asked for.
const TIME: [&str; 2] = ["--minutes", "10"];

/// Runs it for ten minutes, or for `--minutes N` or `--seconds N`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let arguments: Vec<&str> = match arguments {
        [] => TIME.to_vec(),
        [unit, _] if unit == "--minutes" || unit == "--seconds" => {
            arguments.iter().map(String::as_str).collect()
        }
        _ => return Err("write `cargo xtask soak`, with `--minutes N` or `--seconds N`".into()),
    };
    crate::components::run(&[])?;
    // With the features that the tests have, so that nothing is built twice.
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
