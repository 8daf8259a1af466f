//! Runs every example and compares its output with `expected.txt`.

use std::fs;
use std::path::PathBuf;

use crate::shell::{program, read, root};

/// Runs the examples and compares their output.
pub fn run(_: &[String]) -> Result<(), String> {
    crate::components::run(&[])?;
    let mut wrong = Vec::new();
    for (name, expected) in all()? {
        let printed = printed_by(&name)?;
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if printed != wanted {
            wrong.push(format!(
                "example `{name}` printed:\n{printed}and {} says:\n{wanted}",
                expected.display()
            ));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// Returns the output of an example.
pub fn printed_by(name: &str) -> Result<String, String> {
    read(&mut program(name)?)
}

/// Returns the name of each example and the path of its expected output.
pub fn all() -> Result<Vec<(String, PathBuf)>, String> {
    let folder = root().join("examples");
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut examples: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("expected.txt").exists())
        .map(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (name, path.join("expected.txt"))
        })
        .collect();
    examples.sort();
    Ok(examples)
}
