//! Findings, and counts of everything that was checked.

use std::collections::BTreeMap;
use std::fmt;

/// A place that breaks a rule.
pub(crate) struct Finding {
    file: String,
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// All findings, and totals by what was counted.
#[derive(Default)]
pub(crate) struct Report {
    findings: Vec<Finding>,
    counts: BTreeMap<&'static str, usize>,
}

impl Report {
    pub(crate) fn add(&mut self, file: &str, line: usize, message: impl Into<String>) {
        self.findings.push(Finding {
            file: file.to_owned(),
            line,
            message: message.into(),
        });
    }

    /// Adds one to a total.
    pub(crate) fn count(&mut self, counted: &'static str) {
        *self.counts.entry(counted).or_default() += 1;
    }

    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The totals, a line each.
    pub(crate) fn counts(&self) -> String {
        let lines = self
            .counts
            .iter()
            .map(|(counted, total)| format!("{total:>7} {counted}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}
