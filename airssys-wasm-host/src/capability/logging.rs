//! `wasi:logging`: lines for the guest log, within its budget.
//!
//! Every component may, as it may print. Tests: the workspace's
//! `tests/suite/capabilities/values`.

use wasmtime::component::HasData;

use super::bindings::logging::{Host, Level};
use crate::wasi::Output;

/// Marks this room's view for the linker.
pub(crate) struct Logging;

/// The state of an instance, as this room sees it.
pub(crate) struct LoggingView<'a>(pub(crate) &'a Output);

impl HasData for Logging {
    type Data<'a> = LoggingView<'a>;
}

impl Host for LoggingView<'_> {
    fn log(&mut self, level: Level, context: String, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Critical => "CRITICAL",
        };
        // One record is one line, as the SDK writes it.
        let in_a_line = |text: &str| {
            text.replace('\\', r"\\")
                .replace('\n', r"\n")
                .replace('\r', r"\r")
        };
        let line = format!("{level} {}: {}", in_a_line(&context), in_a_line(&message));
        self.0.log(line.as_bytes());
        Ok(())
    }
}
