//! Where the log of a host process goes: standard error, with everything that guests and
//! clients say made safe to print.
//!
//! Tests: below; with a crafted component in the crate's `tests/cli/terminal`.

use std::io::{self, Write};

use super::safe;

/// Standard error, an event each time it is written to.
///
/// An event is one line, however many it says: a guest cannot write one that looks like another
/// event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LogWriter {
    /// Events are text.
    Text,
    /// Events are JSON.
    Json,
}

impl LogWriter {
    fn safe(self, event: &str) -> String {
        let event = event.trim_end_matches('\n');
        match self {
            Self::Text => safe::line(event),
            Self::Json => safe::json(event),
        }
    }
}

impl Write for LogWriter {
    /// Takes a whole event: the subscriber writes each at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let safe = self.safe(&String::from_utf8_lossy(event));
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
    fn an_event_is_one_line_that_shows_all_it_says() {
        let event = "INFO greeter: a\u{1b}[2J\u{202e}\n2026-01-01 ERROR forged\n";
        assert_eq!(
            LogWriter::Text.safe(event),
            r"INFO greeter: a\u{1b}[2J\u{202e}\n2026-01-01 ERROR forged"
        );
        assert_eq!(
            LogWriter::Json.safe("{\"m\":\"\u{9b}\"}\n"),
            r#"{"m":"\u009b"}"#
        );
    }
}
