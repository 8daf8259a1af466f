//! Where the lines go that guests print.
//!
//! Tests: the workspace's `tests/limits` and `tests/observe`.

use std::sync::Arc;

use airssys_wasm_core::ComponentName;
use semver::Version;

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
    /// The stream.
    pub stream: GuestStream,
    /// The line without its end. What the guest wrote, control characters
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
            stream = ?line.stream,
            dropped_before = line.dropped_before,
            "{}",
            line.text.escape_debug(),
        );
    }
}
