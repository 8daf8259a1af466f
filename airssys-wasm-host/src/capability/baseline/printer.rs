//! Prints the lines of a revision's guests to the guest log.
//!
//! Never blocks a guest, and never fails: a line beyond the budget is dropped and counted.
//! Tests: `tests/suite/limits.rs`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use semver::Version;

use crate::clock::Clock;
use crate::observe::{CallId, GuestLine, GuestLog, GuestStream, LogBudget};

/// The printer of a revision, with its identity and its log budget.
pub(crate) struct Printer {
    pub(crate) deployment: ComponentName,
    pub(crate) revision: u64,
    pub(crate) version: Option<Version>,
    pub(crate) log: Arc<dyn GuestLog>,
    pub(crate) budget: LogBudget,
    pub(crate) clock: Arc<Clock>,
}

impl Printer {
    /// Prints a line written in `call`.
    pub(crate) fn print(&self, call: CallId, stream: GuestStream, line: &[u8]) {
        if let Some(dropped_before) = self.budget.take(line.len() + 1, self.clock.now()) {
            self.log.line(GuestLine {
                deployment: &self.deployment,
                revision: self.revision,
                version: self.version.as_ref(),
                call,
                stream,
                text: &String::from_utf8_lossy(line),
                dropped_before,
            });
        }
    }
}
