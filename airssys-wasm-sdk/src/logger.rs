//! Writes records of the `log` facade as lines to standard error.
//!
//! Filters and stores nothing; the host does. The format of a line is specified in the
//! documentation of the crate, so that hosts can rely on it.
//! Tests: in this file, `tests/guests/limits-flood-log`.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

/// Installs this logger for the process, unless another one is installed.
pub(crate) fn install() {
    if log::set_logger(&StderrLogger).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
}

struct StderrLogger;

impl Log for StderrLogger {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    /// Writes each record with a single call, so that lines stay whole. Errors are ignored: they
    /// cannot be reported if standard error is closed.
    fn log(&self, record: &Record<'_>) {
        let _ = std::io::stderr().write_all(format_line(record).as_bytes());
    }

    fn flush(&self) {}
}

fn format_line(record: &Record<'_>) -> String {
    let text = format!("{} {}: {}", record.level(), record.target(), record.args());
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            '\n' => line.push_str(r"\n"),
            '\r' => line.push_str(r"\r"),
            '\\' => line.push_str(r"\\"),
            c => line.push(c),
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;

    fn written(level: Level, target: &str, message: &str) -> String {
        format_line(
            &Record::builder()
                .level(level)
                .target(target)
                .args(format_args!("{message}"))
                .build(),
        )
    }

    #[test]
    fn names_level_and_target() {
        assert_eq!(
            written(Level::Info, "greeter", "greeting Ada"),
            "INFO greeter: greeting Ada\n"
        );
    }

    #[test]
    fn a_record_is_one_line() {
        let line = written(Level::Error, "a\nb", "one\r\ntwo \\n three\n");
        assert_eq!(line, "ERROR a\\nb: one\\r\\ntwo \\\\n three\\n\n");
        assert_eq!(line.matches('\n').count(), 1);
    }
}
