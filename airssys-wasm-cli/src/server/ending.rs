//! From the signal that ends a host process to its last answer.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::api::{Problem, kinds};

/// Whether the end has begun. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Ending(watch::Receiver<bool>);

impl Ending {
    /// Begins when the process is told to terminate, or interrupted at its terminal. The
    /// second time it ends at once.
    pub(crate) fn on_signals() -> Result<Self, Problem> {
        let problem =
            |error: io::Error| Problem::new(kinds::IO, "signals cannot be listened to").because(error);
        let mut terminate = signal(SignalKind::terminate()).map_err(problem)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(problem)?;
        let (begin, begun) = watch::channel(false);
        tokio::spawn(async move {
            for round in 0_u8.. {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if round > 0 {
                    tracing::warn!("ended at once; calls were cut off");
                    std::process::exit(1);
                }
                tracing::info!("ending: waiting for calls in flight");
                super::systemd::tell_ending();
                begin.send_replace(true);
            }
        });
        Ok(Self(begun))
    }

    /// Waits until the end has begun.
    pub(crate) async fn begun(mut self) {
        // Whoever would begin it is there as long as the process.
        let _ = self.0.wait_for(|begun| *begun).await;
    }

    /// Waits for what serves, and no longer than so much time after the end has begun.
    pub(crate) async fn within(
        self,
        time: Duration,
        served: impl Future<Output = io::Result<()>>,
    ) -> Result<(), Problem> {
        let late = async {
            self.begun().await;
            tokio::time::sleep(time).await;
        };
        tokio::select! {
            outcome = served => outcome.map_err(|error| Problem::new(kinds::IO, "serving failed").because(error)),
            () = late => {
                tracing::warn!(?time, "calls in flight were cut off");
                Ok(())
            }
        }
    }
}
