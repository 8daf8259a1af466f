//! Callers that keep calling while a component is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_host::Result;
use tokio::task::JoinHandle;

use crate::{GreetFunction, ask};

/// A set of running callers.
pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Callers {
    /// Starts `count` callers with the same handle.
    pub(crate) fn start(greet: &GreetFunction, count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..count)
            .map(|_| tokio::spawn(call(greet.clone(), Arc::clone(&stop))))
            .collect();
        Self { stop, tasks }
    }

    /// Stops the callers and returns their number, or an error if a single call failed.
    pub(crate) async fn stop(self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        let count = self.tasks.len();
        for task in self.tasks {
            task.await.expect("no caller panics")?;
        }
        Ok(count)
    }
}

/// Makes at least one call, and more until stopped.
async fn call(greet: GreetFunction, stop: Arc<AtomicBool>) -> Result<()> {
    loop {
        ask(&greet).await?;
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
