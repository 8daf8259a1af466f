//! Stops a compilation whose result is no longer needed.
//!
//! Tests: `tests/processes/compiler.rs`.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::Arc;

use parking_lot::Mutex;

/// A handle that stops a compilation on demand. Cloning is cheap. By default nothing is stopped.
#[derive(Clone, Default)]
pub(crate) struct StopHandle(Arc<Mutex<StopState>>);

/// A guard that stops a compilation when dropped.
pub(crate) struct StopGuard(StopHandle);

#[derive(Default)]
struct StopState {
    is_stopped: bool,
    /// The compiler, while it is running.
    process: Option<Child>,
}

impl StopHandle {
    /// Returns a guard that stops the compilation when dropped.
    pub(crate) fn on_drop(&self) -> StopGuard {
        StopGuard(self.clone())
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.0.lock().is_stopped
    }

    /// Registers the process to kill when the compilation is stopped; kills it immediately if that
    /// was before.
    pub(super) fn watch(&self, process: Child) {
        let stopping = &mut *self.0.lock();
        let process = stopping.process.insert(process);
        if stopping.is_stopped {
            kill(process);
        }
    }

    /// Waits for the registered compiler to end. Blocks.
    pub(super) fn wait(&self) -> io::Result<ExitStatus> {
        let process = self.0.lock().process.take();
        process
            .ok_or(io::ErrorKind::NotFound.into())
            .and_then(|mut process| process.wait())
    }
}

impl Drop for StopGuard {
    fn drop(&mut self) {
        let mut stopping = self.0.0.lock();
        stopping.is_stopped = true;
        if let Some(process) = &mut stopping.process {
            kill(process);
        }
    }
}

fn kill(process: &mut Child) {
    // The process may have ended already.
    let _ = process.kill();
}
