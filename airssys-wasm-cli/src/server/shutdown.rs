//! Shutdown of the host process, from the signal to the last response.
//!
//! Signals are handled on a dedicated thread that never blocks on the rest of the process, so it
//! can end the process if something is stuck.
//!
//! Tests: `airssys-wasm-cli/tests/cli/serving.rs` and `airssys-wasm-cli/tests/cli/busy.rs`.

use std::io;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::api::{Problem, kinds};

/// Time a host process may take after its drain, to release its resources and to write the last
/// lines of its logs.
const AFTER_DRAIN: Duration = Duration::from_secs(1);

/// Timeout for a log line that is written just before the process ends.
const LOG_TIMEOUT: Duration = Duration::from_millis(100);

/// A signal that the shutdown has begun. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Begins the shutdown on SIGTERM or SIGINT. A second signal ends the process at once. The
    /// process ends `drain` and a second after the first signal at the latest, even if something is
    /// stuck.
    ///
    /// # Errors
    ///
    /// Fails if a signal handler cannot be installed or a thread cannot be started.
    pub(crate) fn on_signals(drain: Duration) -> Result<Self, Problem> {
        let problem = |error: io::Error| {
            Problem::new(kinds::IO, "cannot install signal handlers").with_cause(error)
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(problem)?;
        let signals = {
            let _entered = runtime.enter();
            Signals {
                terminate: signal(SignalKind::terminate()).map_err(problem)?,
                interrupt: signal(SignalKind::interrupt()).map_err(problem)?,
            }
        };
        let (begin, begun) = watch::channel(false);
        thread::Builder::new()
            .name("airssys-signals".into())
            .spawn(move || runtime.block_on(signals.handle(&begin, drain)))
            .map_err(problem)?;
        Ok(Self(begun))
    }

    /// Waits until the shutdown has begun.
    pub(crate) async fn started(mut self) {
        // Does not fail: the sender lives as long as the process.
        let _ = self.0.wait_for(|begun| *begun).await;
    }

    /// Waits for `served`, for at most `time` after the shutdown has begun.
    pub(crate) async fn wait_for(
        self,
        time: Duration,
        served: impl Future<Output = io::Result<()>>,
    ) -> Result<(), Problem> {
        let mut served = pin!(served);
        let failed = |error: io::Error| Problem::new(kinds::IO, "serving failed").with_cause(error);
        let early = tokio::select! {
            biased;
            () = self.clone().started() => None,
            outcome = &mut served => Some(outcome),
        };
        if *self.0.borrow() {
            tracing::info!("shutting down: waiting for calls in flight");
            super::systemd::notify_stopping();
        }
        if let Some(outcome) = early {
            return outcome.map_err(failed);
        }
        match tokio::time::timeout(time, served).await {
            Ok(outcome) => outcome.map_err(failed),
            Err(_) => {
                tracing::warn!(?time, "calls in flight were cut off");
                Ok(())
            }
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn handle(mut self, begin: &watch::Sender<bool>, drain: Duration) {
        self.next().await;
        begin.send_replace(true);
        tokio::select! {
            () = self.next() => {
                log_with_timeout(|| tracing::warn!("shut down immediately; calls were cut off"));
                std::process::exit(1);
            }
            () = tokio::time::sleep(drain + AFTER_DRAIN) => {
                log_with_timeout(|| tracing::warn!("shut down although something is stuck"));
                std::process::exit(0);
            }
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Writes to the log, and waits at most [`LOG_TIMEOUT`] for it: a pipe that is not read blocks.
fn log_with_timeout(log: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let logging = thread::Builder::new().spawn(move || {
        log();
        let _ = done.send(());
    });
    if logging.is_ok() {
        let _ = finished.recv_timeout(LOG_TIMEOUT);
    }
}
