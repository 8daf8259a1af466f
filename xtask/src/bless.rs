//! Accepts the current output as the expected one.

use std::fs;

use crate::shell::{cargo, run as shell_run};

/// Regenerates the expected outputs of examples, the snapshots and the compile errors. Read the
/// diff.
pub fn run(_: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    for (name, expected) in crate::examples::all()? {
        let printed = crate::examples::printed_by(&name)?;
        fs::write(&expected, printed)
            .map_err(|error| format!("cannot write {}: {error}", expected.display()))?;
    }
    shell_run(
        cargo()
            .args(["test", "--workspace"])
            .env("INSTA_UPDATE", "always")
            .env("TRYBUILD", "overwrite")
            .env("AIRSSYS_BLESS", "1"),
    )
}
