//! Callers that go on calling while a component is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use airssys_wasm_host::Result;
use tokio::task::JoinHandle;

use crate::{Greet, ask};

/// Callers at work.
pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

impl Callers {
    /// Starts `count` of them, all with the same handle.
    pub(crate) fn start(greet: &Greet, count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..count)
            .map(|_| tokio::spawn(call(greet.clone(), Arc::clone(&stop))))
            .collect();
        Self { stop, tasks }
    }

    /// Stops them, and returns how many there were: an error if a single call
    /// failed.
    pub(crate) async fn stop(self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        let count = self.tasks.len();
        for task in self.tasks {
            task.await.expect("a caller does not panic")?;
        }
        Ok(count)
    }
}

/// Calls at least once, and on until told to stop.
async fn call(greet: Greet, stop: Arc<AtomicBool>) -> Result<()> {
    loop {
        ask(&greet).await?;
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
