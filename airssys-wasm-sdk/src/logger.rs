//! Records of the `log` facade as lines on standard error.
//!
//! Filters nothing and keeps nothing: the host does. What a line looks like is
//! told in the crate's documentation, which a host may rely on.
//! Tests: below; that it needs no call to install it, by the guest
//! `limits-flood-log` in `tests/guests`.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

/// Makes this the process's logger, unless there is one.
pub(crate) fn install() {
    if log::set_logger(&Lines).is_ok() {
        log::set_max_level(LevelFilter::Trace);
    }
}

struct Lines;

impl Log for Lines {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    /// One write a record, so that lines stay whole. There is nobody to tell
    /// when standard error is closed.
    fn log(&self, record: &Record<'_>) {
        let _ = std::io::stderr().write_all(line(record).as_bytes());
    }

    fn flush(&self) {}
}

fn line(record: &Record<'_>) -> String {
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
        line(
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
