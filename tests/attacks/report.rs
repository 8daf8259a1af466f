//! The outcome of all rows: a line for each that failed, and the counts.

use serde_json::json;

use crate::case::Outcome;

/// The counts.
#[derive(Default)]
pub(crate) struct Report {
    cases: usize,
    refused: usize,
    leaked: usize,
    allowed_twins: usize,
    twins_failed: usize,
    unaudited: usize,
}

impl Report {
    pub(crate) fn add(&mut self, name: &str, outcome: &Outcome) {
        self.cases += 1;
        match &outcome.leaked {
            Some(what) => {
                self.leaked += 1;
                print_line(&format!("LEAKED     {name}: {what}"));
            }
            None => self.refused += 1,
        }
        if let Some(what) = &outcome.unaudited {
            self.unaudited += 1;
            print_line(&format!("UNAUDITED  {name}: {what}"));
        }
        match &outcome.twin_failed {
            Some(what) => {
                self.twins_failed += 1;
                print_line(&format!("TWIN       {name}: {what}"));
            }
            None => self.allowed_twins += 1,
        }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.cases > 0 && self.leaked + self.unaudited + self.twins_failed == 0
    }

    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            let counts = json!({
                "cases": self.cases,
                "refused": self.refused,
                "leaked": self.leaked,
                "allowed_twins": self.allowed_twins,
                "twins_failed": self.twins_failed,
                "unaudited": self.unaudited,
            });
            print_line(&counts.to_string());
        } else {
            print_line(&format!(
                "{} cases: {} refused, {} leaked, {} not on the record; {} twins allowed, {} not",
                self.cases,
                self.refused,
                self.leaked,
                self.unaudited,
                self.allowed_twins,
                self.twins_failed
            ));
        }
    }
}

/// Prints a line to standard output.
#[allow(
    clippy::print_stdout,
    reason = "this program's output is what it is for"
)]
pub(crate) fn print_line(line: &str) {
    println!("{line}");
}
