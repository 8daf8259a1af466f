//! Threads of the host's own, for work that blocks.
//!
//! Guests reach the blocking threads of the embedder's runtime through their file operations, and
//! may hold all of them. These they cannot reach. Short work (state, revocations, drops) and
//! compilation have a pool each, so that no number of compilations delays a revocation. The pools
//! start threads when first needed, and end with the host.
//!
//! | file | what it does |
//! |---|---|
//! | `pool` | a few threads, and a bounded queue before them |
//!
//! Tests: below `pool`; the workspace's `tests/suite/threads`.

mod pool;

use std::sync::Arc;
use std::thread::available_parallelism;

use crate::Result;
use crate::runtime::Runtime;
use pool::{Pool, WhenAbandoned};

/// Threads for short work: it waits for disks, mostly.
const WORK_THREADS: usize = 4;

/// The blocking work of one host. Cloning is cheap; the threads end with the last clone.
#[derive(Clone)]
pub(crate) struct Aside(Arc<Pools>);

struct Pools {
    work: Pool,
    compile: Pool,
}

impl Aside {
    pub(crate) fn new() -> Self {
        let compile_threads = available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Pools {
            work: Pool::new("airssys-wasm-work", WORK_THREADS),
            compile: Pool::new("airssys-wasm-compile", compile_threads),
        }))
    }

    /// Runs short work that blocks. Dropped before the work has begun, it is skipped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.work.run(WhenAbandoned::Skip, work).await
    }

    /// Runs short work that blocks. It is carried out even if this is dropped, unless that
    /// happens while the queue is full.
    pub(crate) async fn run_to_end<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.work.run(WhenAbandoned::CarryOut, work).await
    }

    /// Runs work that compiles, or may have to. Dropped before the work has begun, it is skipped.
    pub(crate) async fn compile<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.compile.run(WhenAbandoned::Skip, work).await
    }

    /// Drops what takes a while to drop (instances give their memory back, code is unmapped) away
    /// from the threads that serve calls. When the queue is full, drops it here.
    pub(crate) fn drop<T: Send + 'static>(&self, value: T) {
        self.0.work.drop(value);
    }
}

/// Runs work that blocks if there is a state directory, and only then aside. It is carried out
/// even if this is dropped, unless that happens while the queue is full.
pub(crate) async fn may_write<T: Send + 'static>(
    runtime: &Runtime,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if runtime.keeps() {
        runtime.aside.run_to_end(work).await
    } else {
        work()
    }
}
