//! Stops a compilation that nobody waits for any more.
//!
//! Tests: the workspace's `tests/processes/compiler`.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::Arc;

use parking_lot::Mutex;

/// Stops a compilation on demand. Cloning is cheap; by default nobody stops it.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Mutex<Stopping>>);

/// Stops a compilation when it is dropped.
pub(crate) struct StopOnDrop(Stop);

#[derive(Default)]
struct Stopping {
    is_stopped: bool,
    /// The compiler, while it is at work.
    process: Option<Child>,
}

impl Stop {
    /// Returns a guard that stops it.
    pub(crate) fn on_drop(&self) -> StopOnDrop {
        StopOnDrop(self.clone())
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.0.lock().is_stopped
    }

    /// Has a compiler ended when the compilation is stopped, at once if it was already.
    pub(super) fn watch(&self, process: Child) {
        let stopping = &mut *self.0.lock();
        let process = stopping.process.insert(process);
        if stopping.is_stopped {
            end(process);
        }
    }

    /// Waits for the end of the compiler that is watched. Blocks.
    pub(super) fn wait(&self) -> io::Result<ExitStatus> {
        let process = self.0.lock().process.take();
        process
            .ok_or(io::ErrorKind::NotFound.into())
            .and_then(|mut process| process.wait())
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        let mut stopping = self.0.0.lock();
        stopping.is_stopped = true;
        if let Some(process) = &mut stopping.process {
            end(process);
        }
    }
}

fn end(process: &mut Child) {
    // One that has ended by itself is as well.
    let _ = process.kill();
}
