//! Tasks that keep calling while the store is replaced, and count the versions that they see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use airssys_wasm_host::Result;
use tokio::task::JoinHandle;

use crate::{VersionsFunction, store_version};

/// A set of running callers.
pub(crate) struct Callers {
    shared: Arc<SharedCounters>,
    tasks: Vec<JoinHandle<Result<()>>>,
}

/// The number of calls, by the version that they saw.
pub(crate) struct VersionCounts {
    pub(crate) old: u64,
    pub(crate) new: u64,
    pub(crate) both: u64,
}

#[derive(Default)]
struct SharedCounters {
    stop: AtomicBool,
    old: AtomicU64,
    new: AtomicU64,
    both: AtomicU64,
}

impl Callers {
    /// Starts `count` callers with the same handle.
    pub(crate) fn start(versions: &VersionsFunction, count: usize) -> Self {
        let shared = Arc::new(SharedCounters::default());
        let call = |_| tokio::spawn(call(versions.clone(), Arc::clone(&shared)));
        Self {
            tasks: (0..count).map(call).collect(),
            shared,
        }
    }

    /// Waits until a hundred calls saw a version, or until a caller failed.
    pub(crate) async fn wait_for_version(&self, version: &str) {
        let calls = self.shared.counter(version);
        while calls.load(Ordering::Relaxed) < 100 && !self.tasks.iter().any(JoinHandle::is_finished)
        {
            tokio::task::yield_now().await;
        }
    }

    /// Stops the callers, and returns an error if a single call failed.
    pub(crate) async fn stop(self) -> Result<VersionCounts> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.expect("no caller panics")?;
        }
        let count = |calls: &AtomicU64| calls.load(Ordering::Relaxed);
        let SharedCounters { old, new, both, .. } = &*self.shared;
        Ok(VersionCounts {
            old: count(old),
            new: count(new),
            both: count(both),
        })
    }
}

impl SharedCounters {
    fn counter(&self, version: &str) -> &AtomicU64 {
        match version {
            "1.0.0" => &self.old,
            "2.0.0" => &self.new,
            _ => &self.both,
        }
    }
}

async fn call(versions: VersionsFunction, shared: Arc<SharedCounters>) -> Result<()> {
    while !shared.stop.load(Ordering::Relaxed) {
        let version = store_version(&versions).await?;
        shared.counter(&version).fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    Ok(())
}
