//! A compiler in a process of its own, as its host sees it.
//!
//! The host sends the component to the process's stdin and reads code from its stdout. A component
//! that makes the compiler take too much memory or time, or crashes it, ends that process and
//! nothing else.
//! Tests: the command's `tests/cli/compiling`, and the workspace's `tests/processes/compiler`.

use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::failure::{check_size, does_not_compile, out_of_memory, out_of_time};
use super::stop::Stop;
use super::worker::{self, Order, Outcome};
use crate::engine::Profile;
use crate::{Error, ErrorKind, Result};

/// The first argument of a process that compiles. No command line of a program begins like this.
const MARK: &str = "airssys-wasm-compiler";

/// Bytes that are read of what a compiler complains about.
const COMPLAINT_BYTES_MAX: u64 = 4 << 10;

/// True once this program's `main` has called [`CompilerProcess::run_if_asked`].
static CAN_COMPILE: AtomicBool = AtomicBool::new(false);

/// Compiles components in processes of their own, which are other processes of this program.
///
/// A compiler cannot be stopped once it has begun, and a component that somebody crafted makes it
/// take minutes and gigabytes. In a process of its own it has the memory and the time that
/// [`Budget`](crate::Budget) gives it, is ended when nobody waits for it any more, and if it
/// crashes, the deploy fails and the host goes on. Use it if components come from people you do not
/// trust; it takes a process some 20 ms to start.
///
/// The memory of a process is bounded on Linux. A process inherits no environment.
///
/// ```no_run
/// use airssys_wasm_host::{CompilerProcess, Host};
///
/// fn main() -> airssys_wasm_host::Result<()> {
///     // Comes first: a process that was started to compile does that and ends here.
///     CompilerProcess::run_if_asked();
///
///     let host = Host::builder().compiler_process(CompilerProcess::of_this_program()?).build()?;
///     // ...
/// #   drop(host);
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CompilerProcess {
    program: PathBuf,
}

/// The most that a compilation may take.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) memory_bytes: u64,
    pub(super) time_max: Duration,
    pub(super) code_bytes: u64,
}

impl CompilerProcess {
    /// Compiles and ends this process if a host started it for that; else returns at once.
    ///
    /// Call it at the beginning of `main`, before anything reads the command line.
    pub fn run_if_asked() {
        let mut arguments = std::env::args_os().skip(1);
        if arguments.next().as_deref() == Some(OsStr::new(MARK)) {
            exit(worker::run(arguments) as i32);
        }
        CAN_COMPILE.store(true, Ordering::Relaxed);
    }

    /// Compiles with this program.
    ///
    /// # Errors
    ///
    /// [`Internal`](ErrorKind::Internal) if [`run_if_asked`](Self::run_if_asked) was not called, or
    /// the system does not say where the program is.
    pub fn of_this_program() -> Result<Self> {
        if !CAN_COMPILE.load(Ordering::Relaxed) {
            let message = "call `CompilerProcess::run_if_asked` at the beginning of `main`";
            return Err(Error::new(ErrorKind::Internal, message));
        }
        let program = this_program().map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                "the program of this process cannot be found",
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
        bounds: Bounds,
        stop: &Stop,
    ) -> Result<Vec<u8>> {
        let cannot = |error: std::io::Error| {
            Error::new(ErrorKind::Internal, "the compiler's process cannot be run")
                .with_source(error)
        };
        if stop.is_stopped() {
            return Err(Error::new(
                ErrorKind::Internal,
                "nobody waits for the component any more",
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
            // It says itself why it has ended, if it has.
            let _ = stdin.write_all(bytes);
        }
        // One byte more shows that it is too large; a compiler that has more to say ends.
        let code = read(pipes.1, bounds.code_bytes.saturating_add(1));
        let complaint = read(pipes.2, COMPLAINT_BYTES_MAX);
        let status = stop.wait().map_err(cannot)?;
        check_size(&code, bounds.code_bytes)?;
        match status.success() {
            true => Ok(code),
            false => Err(ended(status, &String::from_utf8_lossy(&complaint), bounds)),
        }
    }

    fn start(&self, profile: Profile, bounds: Bounds) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        let Bounds {
            memory_bytes,
            time_max,
            ..
        } = bounds;
        command
            .arg(MARK)
            .args(
                Order {
                    profile,
                    memory_bytes,
                    time_max,
                }
                .arguments(),
            )
            .env_clear();
        // A terminal's Ctrl-C is for the host, which ends its compilers itself.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// On Linux the file that this process runs, also if another was put in its place.
#[cfg(target_os = "linux")]
fn this_program() -> std::io::Result<PathBuf> {
    Ok("/proc/self/exe".into())
}

#[cfg(not(target_os = "linux"))]
fn this_program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Reads to the end, or as much as may be.
fn read(from: Option<impl Read>, bytes_max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What is missing shows in how the process ended.
        let _ = from.take(bytes_max).read_to_end(&mut bytes);
    }
    bytes
}

/// The error of a compiler that ended without code.
fn ended(status: ExitStatus, complaint: &str, bounds: Bounds) -> Error {
    let complaint = complaint.trim_end();
    match status.code().and_then(Outcome::from_exit_code) {
        Some(Outcome::DoesNotCompile) => does_not_compile(complaint),
        Some(Outcome::OutOfTime) => out_of_time("it", bounds.time_max),
        Some(Outcome::OutOfMemory) => out_of_memory(bounds.memory_bytes),
        // Rust ends a process that gets no memory like this.
        _ if complaint.starts_with("memory allocation of") => out_of_memory(bounds.memory_bytes),
        _ => Error::new(
            ErrorKind::Internal,
            format!("the compiler crashed ({status}): {complaint}"),
        ),
    }
}
