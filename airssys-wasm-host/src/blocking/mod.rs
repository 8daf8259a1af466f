//! Threads of the host for blocking work.
//!
//! The blocking threads of the embedder's runtime also run guests' file operations, which may
//! occupy all of them. Guests cannot occupy these. Short work (state, revocations, drops) and
//! compilation have separate pools, so that compilations never delay a revocation. The pools start
//! threads on demand, and end with the host.
//!
//! | file | purpose |
//! |---|---|
//! | `pool` | a few threads behind a bounded queue |
//!
//! Tests: `tests/suite/threads.rs`.

mod pool;

use std::sync::Arc;
use std::thread::available_parallelism;

use crate::Result;
use pool::{CancelPolicy, WorkerPool};

/// The number of threads for short work, which mostly waits for disks.
pub(crate) const WORK_THREADS: usize = 4;

/// The blocking threads of a host. Cloning is cheap; the threads end with the last clone.
#[derive(Clone)]
pub(crate) struct BlockingThreads(Arc<BlockingPools>);

struct BlockingPools {
    work: WorkerPool,
    compile: WorkerPool,
}

impl BlockingThreads {
    pub(crate) fn new() -> Self {
        let compile_threads = available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(BlockingPools {
            work: WorkerPool::new("airssys-wasm-work", WORK_THREADS),
            compile: WorkerPool::new("airssys-wasm-compile", compile_threads),
        }))
    }

    /// Runs short blocking work. If dropped before the work starts, the work is skipped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.work.run(CancelPolicy::Skip, work).await
    }

    /// Runs short blocking work. If dropped, the work still runs, unless it was waiting for a place
    /// in a full queue.
    pub(crate) async fn run_to_completion<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.work.run(CancelPolicy::Run, work).await
    }

    /// Runs work that compiles, or may have to. If dropped before the work starts, the work is
    /// skipped.
    pub(crate) async fn compile<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.compile.run(CancelPolicy::Skip, work).await
    }

    /// Drops a value that takes long to drop, such as an instance or compiled code, on another
    /// thread than those that serve calls. If the queue is full, drops it on the current thread.
    pub(crate) fn drop<T: Send + 'static>(&self, value: T) {
        self.0.work.drop(value);
    }
}
