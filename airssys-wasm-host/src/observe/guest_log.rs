//! Where the lines go that guests print.
//!
//! Tests: the workspace's `tests/limits` and `tests/observe`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use semver::Version;

use super::CallId;

/// Which of its streams a guest wrote to.
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
    /// The name it is deployed under; the guest has no say in it.
    pub component: &'a ComponentName,
    /// Its revision.
    pub revision: u64,
    /// Its version, if it says one.
    pub version: Option<&'a Version>,
    /// The instance that printed it, and the call that it served.
    pub call: CallId,
    /// The stream.
    pub stream: GuestStream,
    /// The line without its end, or as much of it as was written when its call ended or a second
    /// had passed. Never text of two calls. What the guest wrote, control characters
    /// included; at most 8 KiB, and longer ones come in pieces.
    pub text: &'a str,
    /// Lines before this one that were dropped, because the deployment prints
    /// more than [`Limits::log_bytes_per_second_max`](crate::Limits), or more than the log takes.
    pub dropped_before: u64,
}

/// Takes the lines that guests print.
///
/// Called from a thread of the host's own, one line after the other, in the order of each
/// deployment. It delays no guest: lines wait in a bounded queue, of which each deployment has a
/// share, and those that find no room are dropped and counted in the next one's
/// [`dropped_before`](GuestLine::dropped_before).
/// [`Host::logs_written`](crate::Host::logs_written) waits for it.
pub trait GuestLog: Send + Sync + 'static {
    /// Takes a line.
    fn line(&self, line: GuestLine<'_>);
}

impl<L: GuestLog + ?Sized> GuestLog for Arc<L> {
    fn line(&self, line: GuestLine<'_>) {
        (**self).line(line);
    }
}

/// The default: each line is a `tracing` event.
pub(crate) struct TracingLog;

impl GuestLog for TracingLog {
    fn line(&self, line: GuestLine<'_>) {
        tracing::info!(
            target: "airssys_wasm::guest",
            component = %line.component,
            revision = line.revision,
            call = %line.call,
            stream = ?line.stream,
            dropped_before = line.dropped_before,
            "{}",
            line.text.escape_debug(),
        );
    }
}

/// Each line on the process's stderr, for an embedder that asks for it.
pub(crate) struct StderrLog;

impl GuestLog for StderrLog {
    fn line(&self, line: GuestLine<'_>) {
        use std::io::Write as _;
        // A closed stderr is the embedder's choice.
        let _ = writeln!(std::io::stderr().lock(), "{}", shown(line));
    }
}

/// A line as it may reach a terminal, with where it comes from.
fn shown(line: GuestLine<'_>) -> String {
    let dropped = match line.dropped_before {
        0 => String::new(),
        lines => format!(" ({lines} lines were dropped before)"),
    };
    format!(
        "{}[{}]{dropped}: {}",
        line.component,
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
            component: &component,
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
        assert_eq!(shown(line), r"greeter[12.3]: \u{1b}[2Jgone\u{202e}");
        let line = GuestLine {
            text: "",
            dropped_before: 2,
            ..line
        };
        assert_eq!(shown(line), "greeter[12.3] (2 lines were dropped before): ");
    }
}
