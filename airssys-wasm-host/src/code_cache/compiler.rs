//! Compiles in a separate process if the embedder configured one, otherwise on low-priority
//! threads.
//!
//! The compiler distributes a component's functions over threads. There are few of them and their
//! priority is low, so that calls continue while a large component is deployed.
//!
//! Tests: in this file, `tests/suite/code_cache.rs`.

use std::sync::OnceLock;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use wasmtime::Engine;

use super::failure::{check_size, compile_error};
use super::process::{CompileBounds, CompilerProcess};
use super::queue::CompileQueue;
use super::stop::StopHandle;
use crate::Result;
use crate::budget::Budget;
use crate::engine::CompileTarget;

/// The priority of compiler threads: they mostly use processor time that other threads leave.
#[cfg(target_os = "linux")]
const NICE: i32 = 15;

/// Compiled code is limited to this number of bytes, plus [`CODE_PER_BYTE`] for each byte of the
/// component. Components in Rust, C and Python have 3 to 4 bytes of code for each of their own. A
/// component of a few hundred bytes can declare a million instances, whose description takes forty
/// times its size in the host's memory to load.
const CODE_BASE: u64 = 1 << 20;

/// See [`CODE_BASE`].
const CODE_PER_BYTE: u64 = 32;

/// The compiler of a host. Its threads start with the first component and end with the host.
pub(crate) struct Compiler {
    queue: CompileQueue,
    time_max: Duration,
    process: Option<CompilerProcess>,
    threads: OnceLock<Option<ThreadPool>>,
}

impl Compiler {
    pub(crate) fn new(budget: &Budget, process: Option<CompilerProcess>) -> Self {
        Self {
            queue: CompileQueue::new(budget.compile_memory_bytes),
            time_max: budget.compile_time_max,
            process,
            threads: OnceLock::new(),
        }
    }

    /// Compiles a component. Blocks.
    pub(super) fn compile(
        &self,
        compiling: &CompileTarget,
        bytes: &[u8],
        stop: &StopHandle,
    ) -> Result<Vec<u8>> {
        let compilation = self.queue.enter(bytes.len() as u64);
        let code_bytes = CODE_BASE.saturating_add(CODE_PER_BYTE.saturating_mul(bytes.len() as u64));
        match &self.process {
            Some(process) => {
                let (memory_bytes, time_max) = (compilation.memory(), self.time_max);
                let bounds = CompileBounds {
                    memory_bytes,
                    time_max,
                    code_bytes,
                };
                process.compile(compiling.profile, bytes, bounds, stop)
            }
            None => {
                let code = self.compile_in_process(&compiling.engine, bytes);
                let code = code.map_err(|error| compile_error(format_args!("{error:#}")))?;
                check_size(&code, code_bytes).map(|()| code)
            }
        }
    }

    fn compile_in_process(&self, engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Vec<u8>> {
        match self.threads.get_or_init(start_threads) {
            Some(threads) => threads.install(|| engine.precompile_component(bytes)),
            // If the system has no threads left, compile on this one.
            None => engine.precompile_component(bytes),
        }
    }
}

/// Starts one thread for each core.
fn start_threads() -> Option<ThreadPool> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let builder = ThreadPoolBuilder::new().num_threads(threads);
    let builder = builder.thread_name(|number| format!("airssys-wasm-compiler-{number}"));
    builder.start_handler(|_| lower_priority()).build().ok()
}

/// Lowers the priority of the current thread, and of threads that it starts.
#[cfg(target_os = "linux")]
pub(super) fn lower_priority() {
    // On Linux priority belongs to a thread. If it cannot be lowered, compiling takes more time
    // from calls.
    let _ = rustix::process::setpriority_process(None, NICE);
}

#[cfg(not(target_os = "linux"))]
pub(super) fn lower_priority() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn compiles_on_low_priority_threads() {
        let threads = start_threads().expect("threads");
        let nice = threads.install(|| rustix::process::getpriority_process(None));
        assert_eq!(nice, Ok(NICE));
        let here = rustix::process::getpriority_process(None);
        assert_ne!(here, Ok(NICE), "the calling thread keeps its priority");
    }
}
