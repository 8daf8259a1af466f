//! The compiler process's own side.
//!
//! Limits its memory and time before it reads the first byte of the component.
//!
//! Tests: in this file, `airssys-wasm-cli/tests/cli/compiling.rs`.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::process::exit;
use std::thread;
use std::time::Duration;

use super::compiler::lower_priority;
use crate::engine::{Profile, compile_only_engine};

/// The job of a compiler process, as passed on its command line.
#[derive(Clone, Copy)]
pub(super) struct CompileJob {
    pub(super) profile: Profile,
    pub(super) memory_bytes: u64,
    pub(super) time_max: Duration,
}

/// The outcome of a compiler process, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkerOutcome {
    /// The code is on stdout.
    Compiled = 0,
    /// The reason is on stderr.
    DoesNotCompile = 10,
    OutOfTime = 11,
    OutOfMemory = 12,
    /// The command line is invalid, or the system returned an error; the reason is on stderr.
    Failed = 13,
}

impl WorkerOutcome {
    pub(super) fn from_exit_code(code: i32) -> Option<Self> {
        let all = [
            Self::Compiled,
            Self::DoesNotCompile,
            Self::OutOfTime,
            Self::OutOfMemory,
            Self::Failed,
        ];
        all.into_iter().find(|outcome| *outcome as i32 == code)
    }
}

impl CompileJob {
    pub(super) fn arguments(self) -> [String; 3] {
        let Self {
            profile,
            memory_bytes,
            time_max,
        } = self;
        [
            profile.name().into(),
            memory_bytes.to_string(),
            time_max.as_millis().to_string(),
        ]
    }

    fn from_arguments(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let arguments: Vec<String> = arguments
            .map(OsString::into_string)
            .collect::<Result<_, _>>()
            .ok()?;
        let [profile, memory_bytes, time] = &arguments[..] else {
            return None;
        };
        let time_max = Duration::from_millis(time.parse().ok()?);
        let (profile, memory_bytes) = (Profile::from_name(profile)?, memory_bytes.parse().ok()?);
        Some(Self {
            profile,
            memory_bytes,
            time_max,
        })
    }
}

/// Compiles the component on stdin and writes the code to stdout.
pub(super) fn run(arguments: impl Iterator<Item = OsString>) -> WorkerOutcome {
    let done = match CompileJob::from_arguments(arguments) {
        Some(order) => order.run(),
        None => Err((
            WorkerOutcome::Failed,
            "invalid compiler command line".into(),
        )),
    };
    done.map_or_else(
        |(outcome, complaint)| {
            // The exit code reports the failure even if stderr is closed.
            let _ = writeln!(io::stderr(), "{complaint}");
            outcome
        },
        |()| WorkerOutcome::Compiled,
    )
}

type WorkerResult<T> = Result<T, (WorkerOutcome, String)>;

fn failure(error: impl ToString) -> (WorkerOutcome, String) {
    (WorkerOutcome::Failed, error.to_string())
}

impl CompileJob {
    fn run(self) -> WorkerResult<()> {
        lower_priority();
        exit_with_host();
        limit_memory(self.memory_bytes).map_err(failure)?;
        exit_after(self.time_max).map_err(failure)?;
        let mut component = Vec::new();
        io::stdin().read_to_end(&mut component).map_err(failure)?;
        let engine = compile_only_engine(self.profile).map_err(failure)?;
        let code = engine.precompile_component(&component).map_err(|error| {
            let outcome = match is_out_of_memory(&error) {
                true => WorkerOutcome::OutOfMemory,
                false => WorkerOutcome::DoesNotCompile,
            };
            (outcome, format!("{error:#}"))
        })?;
        io::stdout().write_all(&code).map_err(failure)
    }
}

fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    let of_system = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::OutOfMemory)
    };
    error.is::<wasmtime::OutOfMemory>() || error.chain().any(of_system)
}

/// Exits this process after `time`, whatever it is doing.
fn exit_after(time: Duration) -> io::Result<()> {
    let end = move || {
        thread::sleep(time);
        exit(WorkerOutcome::OutOfTime as i32);
    };
    thread::Builder::new()
        .name("deadline".into())
        .spawn(end)
        .map(drop)
}

/// Ends this process with the host's thread that started it, and makes it the first to be killed if
/// the system runs out of memory.
#[cfg(target_os = "linux")]
fn exit_with_host() {
    use rustix::process::{Signal, set_parent_process_death_signal};

    // Without these the process ends after its time, or when it writes to a closed pipe.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

#[cfg(not(target_os = "linux"))]
fn exit_with_host() {}

/// Limits the memory that this process may write to, and disables core dumps.
#[cfg(unix)]
fn limit_memory(bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let limit = |bytes| Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    setrlimit(Resource::Core, limit(0))?;
    setrlimit(Resource::Data, limit(bytes))?;
    Ok(())
}

#[cfg(not(unix))]
fn limit_memory(_bytes: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_survives_its_command_line() {
        for profile in Profile::ALL {
            let (memory_bytes, time_max) = (5 << 30, Duration::from_millis(1_500));
            let written = CompileJob {
                profile,
                memory_bytes,
                time_max,
            }
            .arguments();
            let read = CompileJob::from_arguments(written.clone().into_iter().map(Into::into))
                .expect("an order");
            assert_eq!(read.arguments(), written);
        }
        for arguments in [
            &["plain", "1"][..],
            &["else", "1", "1"],
            &["plain", "", "1"],
        ] {
            assert!(CompileJob::from_arguments(arguments.iter().map(Into::into)).is_none());
        }
    }

    #[test]
    fn outcomes_are_exit_codes() {
        for code in -1..256 {
            let outcome = WorkerOutcome::from_exit_code(code);
            assert!(outcome.is_none_or(|outcome| outcome as i32 == code));
        }
        assert_eq!(
            WorkerOutcome::from_exit_code(11),
            Some(WorkerOutcome::OutOfTime)
        );
    }
}
