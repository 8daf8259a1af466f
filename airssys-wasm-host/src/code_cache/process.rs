//! The host's side of a compiler process.
//!
//! The host sends the component to the process's stdin and reads the code from its stdout. A
//! component that makes the compiler crash or take too much memory or time ends that process and
//! nothing else.
//!
//! Tests: `airssys-wasm-cli/tests/cli/compiling.rs`, `tests/processes/compiler.rs`.

use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::failure::{check_size, compile_error, compile_out_of_memory, compile_timeout};
use super::stop::StopHandle;
use super::worker::{self, CompileJob, WorkerOutcome};
use crate::engine::Profile;
use crate::{Error, ErrorKind, Result};

/// The first argument of a compiler process. No ordinary command line starts with it.
const WORKER_ARGUMENT: &str = "airssys-wasm-compiler";

/// The maximum number of bytes read from a compiler's stderr.
const STDERR_BYTES_MAX: u64 = 4 << 10;

/// `true` once this program's `main` has called [`CompilerProcess::run_if_requested`].
static CAN_COMPILE: AtomicBool = AtomicBool::new(false);

/// A compiler that runs in separate processes of this program.
///
/// A compilation cannot be interrupted once it has started, and a crafted component can make it
/// take minutes and gigabytes. A separate process is limited to the memory and time set by
/// [`Budget`](crate::Budget) and is stopped when its result is no longer needed; if it crashes,
/// only the deploy fails. Use it for components from untrusted sources. Starting a process takes
/// some 20 ms.
///
/// The memory of a process is limited on Linux only. A process inherits no environment variables.
///
/// ```no_run
/// use airssys_wasm_host::{CompilerProcess, Host};
///
/// fn main() -> airssys_wasm_host::Result<()> {
///     // Must come first: a process started to compile does so and exits here.
///     CompilerProcess::run_if_requested();
///
///     let host = Host::builder().compiler_process(CompilerProcess::from_current_program()?).build()?;
///     // ...
/// #   drop(host);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CompilerProcess {
    program: PathBuf,
}

/// The limits of a compilation.
#[derive(Clone, Copy)]
pub(super) struct CompileBounds {
    pub(super) memory_bytes: u64,
    pub(super) time_max: Duration,
    pub(super) code_bytes: u64,
}

impl CompilerProcess {
    /// Compiles and exits if a host started this process as its compiler; otherwise returns
    /// immediately.
    ///
    /// Call it at the beginning of `main`, before anything reads the command line.
    pub fn run_if_requested() {
        let mut arguments = std::env::args_os().skip(1);
        if arguments.next().as_deref() == Some(OsStr::new(WORKER_ARGUMENT)) {
            exit(worker::run(arguments) as i32);
        }
        CAN_COMPILE.store(true, Ordering::Relaxed);
    }

    /// Compiles with the program of this process.
    ///
    /// # Errors
    ///
    /// [`Internal`](ErrorKind::Internal) if [`run_if_requested`](Self::run_if_requested) was not called, or
    /// the path of the program cannot be determined.
    pub fn from_current_program() -> Result<Self> {
        if !CAN_COMPILE.load(Ordering::Relaxed) {
            let message = "call `CompilerProcess::run_if_requested` at the beginning of `main`";
            return Err(Error::new(ErrorKind::Internal, message));
        }
        let program = current_program().map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                "the executable of this process cannot be found",
            )
            .with_source(error)
        })?;
        Ok(Self { program })
    }

    /// Compiles a component. Blocks.
    pub(super) fn compile(
        &self,
        profile: Profile,
        bytes: &[u8],
        bounds: CompileBounds,
        stop: &StopHandle,
    ) -> Result<Vec<u8>> {
        let cannot = |error: std::io::Error| {
            Error::new(ErrorKind::Internal, "the compiler process cannot be run").with_source(error)
        };
        if stop.is_stopped() {
            return Err(Error::new(
                ErrorKind::Internal,
                "the compilation was cancelled",
            ));
        }
        let mut process = self.start(profile, bounds).map_err(cannot)?;
        let pipes = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        );
        stop.watch(process);
        if let Some(mut stdin) = pipes.0 {
            // If the process has ended, its exit code has the reason.
            let _ = stdin.write_all(bytes);
        }
        // One byte more shows that the code is too large. A compiler with more output fails when
        // the pipe closes.
        let code = read(pipes.1, bounds.code_bytes.saturating_add(1));
        let complaint = read(pipes.2, STDERR_BYTES_MAX);
        let status = stop.wait().map_err(cannot)?;
        check_size(&code, bounds.code_bytes)?;
        match status.success() {
            true => Ok(code),
            false => Err(exit_error(
                status,
                &String::from_utf8_lossy(&complaint),
                bounds,
            )),
        }
    }

    fn start(&self, profile: Profile, bounds: CompileBounds) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        let CompileBounds {
            memory_bytes,
            time_max,
            ..
        } = bounds;
        command
            .arg(WORKER_ARGUMENT)
            .args(
                CompileJob {
                    profile,
                    memory_bytes,
                    time_max,
                }
                .arguments(),
            )
            .env_clear();
        // Ctrl-C in a terminal is for the host, which ends its compilers itself.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// On Linux this is the file that the process runs, even if it was replaced on disk.
#[cfg(target_os = "linux")]
fn current_program() -> std::io::Result<PathBuf> {
    Ok("/proc/self/exe".into())
}

#[cfg(not(target_os = "linux"))]
fn current_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Reads to the end, or up to `bytes_max`.
fn read(from: Option<impl Read>, bytes_max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // Missing output shows in the exit status.
        let _ = from.take(bytes_max).read_to_end(&mut bytes);
    }
    bytes
}

/// Returns the error of a compiler that ended without code.
fn exit_error(status: ExitStatus, complaint: &str, bounds: CompileBounds) -> Error {
    let complaint = complaint.trim_end();
    match status.code().and_then(WorkerOutcome::from_exit_code) {
        Some(WorkerOutcome::DoesNotCompile) => compile_error(complaint),
        Some(WorkerOutcome::OutOfTime) => compile_timeout("it", bounds.time_max),
        Some(WorkerOutcome::OutOfMemory) => compile_out_of_memory(bounds.memory_bytes),
        // The message of Rust's runtime when an allocation fails.
        _ if complaint.starts_with("memory allocation of") => {
            compile_out_of_memory(bounds.memory_bytes)
        }
        _ => Error::new(
            ErrorKind::Internal,
            format!("the compiler crashed ({status}): {complaint}"),
        ),
    }
}
