//! The pointers to tests in the headers of files.

use std::path::Path;

use crate::report::Report;
use crate::source::{Crate, Source};

const POINTER: &str = "Tests:";

/// Checks that each path after `Tests:` exists, and that `in this file` is true.
pub(crate) fn check(root: &Path, sources: &Crate, report: &mut Report) {
    for source in &sources.files {
        let Some((line, pointer)) = pointer(&source.text) else {
            continue;
        };
        report.count("headers that point to tests");
        for path in backticked(&pointer).filter(|path| path.contains('/')) {
            if !exists(root, path) {
                let message =
                    format!("`{path}` does not exist; point to the tests, from the project's root");
                report.add(&source.path, line, message);
            }
        }
        if pointer.contains("in this file") && !has_tests(source) {
            report.add(&source.path, line, "this file has no tests");
        }
    }
}

/// The line of `Tests:` in a file's header, and the text from there to the header's end.
fn pointer(text: &str) -> Option<(usize, String)> {
    let header: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .collect();
    let first = header.iter().position(|line| line.contains(POINTER))?;
    Some((first + 1, header[first..].join(" ")))
}

fn backticked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A path may leave out `.rs`.
fn exists(root: &Path, path: &str) -> bool {
    root.join(path).exists() || root.join(format!("{path}.rs")).exists()
}

fn has_tests(source: &Source) -> bool {
    source.text.contains("#[cfg(test)]")
        || source.text.contains("#[test]")
        || source.text.contains("#[cfg(all(test")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        let mut report = Report::default();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        check(root, &Crate::from_texts(&[("a.rs", text)]), &mut report);
        report.findings().len()
    }

    #[test]
    fn a_pointer_that_leads_nowhere_is_found() {
        assert_eq!(findings("//! Tests: `src/nowhere.rs`.\n"), 1);
        assert_eq!(
            findings("//! Tests: `src/pointers`,\n//! `src/main.rs`.\n"),
            0
        );
        assert_eq!(findings("//! Tests: in this file.\n"), 1);
    }
}
