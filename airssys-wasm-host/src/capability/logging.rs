//! `wasi:logging`: lines for the guest log, within its budget.
//!
//! Open to every component, as printing is.
//! Tests: `tests/suite/capabilities/values.rs`.

use wasmtime::component::HasData;

use super::bindings::logging::{Host, Level};
use crate::wasi::InstanceOutput;

/// A marker type that selects [`LoggingView`] in the linker.
pub(crate) struct Logging;

/// The parts of an instance's state that this capability uses.
pub(crate) struct LoggingView<'a>(pub(crate) &'a InstanceOutput);

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
        // Escaped into a single line, as the SDK does.
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
