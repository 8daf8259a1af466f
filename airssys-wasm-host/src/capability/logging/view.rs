//! The functions of `wasi:logging`.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use wasmtime::component::HasData;

use super::GuestLogging;
use crate::capability::baseline::{InstanceBaseline, InstanceOutput};
use crate::capability::bindings::logging::{Host, Level};
use crate::instance::InstanceState;

/// The part of an instance that this capability uses: its output.
pub(super) fn view(state: &mut InstanceState) -> LoggingView<'_> {
    LoggingView(&state.slot::<InstanceBaseline>().output)
}

pub(in crate::capability) struct LoggingView<'a>(&'a InstanceOutput);

impl HasData for GuestLogging {
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
