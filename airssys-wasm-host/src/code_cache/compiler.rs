//! Compiles on threads of its own, which give way to all others.
//!
//! The compiler spreads a component's functions over threads. These are few and of low priority,
//! so that calls go on beside a deploy of something large.
//! Tests: below, and the workspace's `tests/suite/code_cache.rs`.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};
use wasmtime::Engine;

use super::queue::CompileQueue;

/// How much the threads give way: they get what others leave, and a little.
#[cfg(target_os = "linux")]
const NICE: i32 = 15;

/// The compiler of one host. Its threads start with the first component and end with the host.
pub(super) struct Compiler {
    queue: CompileQueue,
    threads: OnceLock<Option<ThreadPool>>,
}

impl Compiler {
    /// A compiler that compiles so many bytes of components at the same time.
    pub(super) fn new(bytes_max: u64) -> Self {
        Self { queue: CompileQueue::new(bytes_max), threads: OnceLock::new() }
    }

    /// Compiles a component. Blocks.
    pub(super) fn compile(&self, engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Vec<u8>> {
        let _compilation = self.queue.enter(bytes.len() as u64);
        match self.threads.get_or_init(start_threads) {
            Some(threads) => threads.install(|| engine.precompile_component(bytes)),
            // The system gives no threads: then it takes this one.
            None => engine.precompile_component(bytes),
        }
    }
}

/// One thread for each core.
fn start_threads() -> Option<ThreadPool> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    let builder = builder.thread_name(|number| format!("airssys-wasm-compiler-{number}"));
    builder.start_handler(|_| give_way()).build().ok()
}

/// Lowers the priority of the current thread.
#[cfg(target_os = "linux")]
fn give_way() {
    // On Linux a priority is a thread's. Where it cannot be lowered, compiling is not as polite.
    let _ = rustix::process::setpriority_process(None, NICE);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn compiles_on_threads_that_give_way() {
        let threads = start_threads().expect("threads");
        let nice = threads.install(|| rustix::process::getpriority_process(None));
        assert_eq!(nice, Ok(NICE));
        let here = rustix::process::getpriority_process(None);
        assert_ne!(here, Ok(NICE), "the thread that asks keeps its own");
    }
}
