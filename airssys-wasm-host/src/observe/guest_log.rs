//! The log of lines that guests print.
//!
//! Tests: in this file, `tests/suite/limits.rs`, `tests/suite/observe.rs`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use semver::Version;

use super::CallId;

/// The standard stream that a guest wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuestStream {
    /// Standard output.
    Stdout,
    /// Standard error; the SDK's logging writes here.
    Stderr,
}

/// A line that a guest printed.
#[derive(Clone, Copy, Debug)]
pub struct GuestLine<'a> {
    /// The name of the deployment; the guest cannot influence it.
    pub deployment: &'a ComponentName,
    /// The number of the revision.
    pub revision: u64,
    /// Its version, if the component has one.
    pub version: Option<&'a Version>,
    /// The instance that printed the line, and the call that it was serving.
    pub call: CallId,
    /// The stream.
    pub stream: GuestStream,
    /// The line without its line ending, or the part of it that had been written when the call
    /// ended or a second had passed. Never contains output of two calls. May contain control
    /// characters; at most 8 KiB, longer lines are split.
    pub text: &'a str,
    /// The number of lines dropped before this one because the deployment printed more than
    /// [`Limits::log_bytes_per_second_max`](crate::Limits), or more than the log could take.
    pub dropped_before: u64,
}

/// A log that receives the lines that guests print.
///
/// Called from a thread of the host, one line at a time, in order for each deployment. It
/// delays no guest: lines wait in a bounded queue in which each deployment has a share. Lines that
/// do not fit are dropped and counted in the next line's
/// [`dropped_before`](GuestLine::dropped_before). [`HostLogs::flush`](crate::HostLogs::flush)
/// waits for the queue to drain.
pub trait GuestLog: Send + Sync + 'static {
    /// Takes a line.
    fn line(&self, line: GuestLine<'_>);
}

impl<L: GuestLog + ?Sized> GuestLog for Arc<L> {
    fn line(&self, line: GuestLine<'_>) {
        (**self).line(line);
    }
}

/// The default log: emits a `tracing` event for each line.
pub(crate) struct TracingLog;

impl GuestLog for TracingLog {
    fn line(&self, line: GuestLine<'_>) {
        tracing::info!(
            target: "airssys_wasm::guest",
            component = %line.deployment,
            revision = line.revision,
            call = %line.call,
            stream = ?line.stream,
            dropped_before = line.dropped_before,
            "{}",
            line.text.escape_debug(),
        );
    }
}

/// A log that writes each line to the process's stderr.
pub(crate) struct StderrLog;

impl GuestLog for StderrLog {
    fn line(&self, line: GuestLine<'_>) {
        use std::io::Write as _;
        // The embedder may have closed stderr.
        let _ = writeln!(std::io::stderr().lock(), "{}", format_line(line));
    }
}

/// Formats a line with its origin, safe to print to a terminal.
fn format_line(line: GuestLine<'_>) -> String {
    let dropped = match line.dropped_before {
        0 => String::new(),
        lines => format!(" ({lines} lines dropped before)"),
    };
    format!(
        "{}[{}]{dropped}: {}",
        line.deployment,
        line.call,
        line.text.escape_debug()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_where_a_line_comes_from_and_no_control_characters() {
        let component = "greeter".parse().expect("a name");
        let line = GuestLine {
            deployment: &component,
            revision: 1,
            version: None,
            call: CallId {
                instance: 12,
                call: 3,
            },
            stream: GuestStream::Stderr,
            text: "\u{1b}[2Jgone\u{202e}",
            dropped_before: 0,
        };
        assert_eq!(format_line(line), r"greeter[12.3]: \u{1b}[2Jgone\u{202e}");
        let line = GuestLine {
            text: "",
            dropped_before: 2,
            ..line
        };
        assert_eq!(
            format_line(line),
            "greeter[12.3] (2 lines dropped before): "
        );
    }
}
