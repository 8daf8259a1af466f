//! Writes the log of a host process to standard error, and escapes text from guests and clients.
//!
//! Tests: in this file, `airssys-wasm-cli/tests/cli/terminal.rs`.

use std::io::{self, Write};

use super::escape;

/// A writer to standard error that treats every write as one event.
///
/// An event always becomes one line, even if its text has several, so that a guest cannot forge
/// another event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LogWriter {
    /// Events are text.
    Text,
    /// Events are JSON.
    Json,
}

impl LogWriter {
    fn escape(self, event: &str) -> String {
        let event = event.trim_end_matches('\n');
        match self {
            Self::Text => escape::line(event),
            Self::Json => escape::json(event),
        }
    }
}

impl Write for LogWriter {
    /// Writes a whole event: the subscriber passes each event in a single call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let safe = self.escape(&String::from_utf8_lossy(event));
        writeln!(io::stderr().lock(), "{safe}")?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_becomes_one_escaped_line() {
        let event = "INFO greeter: a\u{1b}[2J\u{202e}\n2026-01-01 ERROR forged\n";
        assert_eq!(
            LogWriter::Text.escape(event),
            r"INFO greeter: a\u{1b}[2J\u{202e}\n2026-01-01 ERROR forged"
        );
        assert_eq!(
            LogWriter::Json.escape("{\"m\":\"\u{9b}\"}\n"),
            r#"{"m":"\u009b"}"#
        );
    }
}
