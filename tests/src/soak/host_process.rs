//! The command as users run it: `serve` in its own directory, and commands against it.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tempfile::TempDir;

use super::bait::Bait;
use crate::guests;
use crate::process::processes_of_group;

/// File descriptor limit of the process.
const DESCRIPTORS: u32 = 1024;

const MEMORY_BUDGET: &str = "256MiB";

/// Time for which the process waits for calls in flight when it ends. Calls of `bad` that began
/// last take as long, so that there is something to wait for.
const DRAIN: Duration = Duration::from_secs(1);

/// Deadline of a call of `bad`.
const CALL_DEADLINE: Duration = Duration::from_secs(1);

/// Time within which the process must end: its drain, and the second that `serve` documents.
pub(super) const END_MAX: Duration = Duration::from_secs(DRAIN.as_secs() + 1);

/// Time within which the operating system must free the resources of the process.
const REAPED_MAX: Duration = Duration::from_millis(500);

/// Time after which the soak gives up waiting for anything else.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The number of log lines that are retained.
const LOG_LINES: usize = 40;

/// A host process, which is killed when dropped if it is still running.
pub(super) struct HostProcess {
    command: PathBuf,
    place: TempDir,
    child: Mutex<Child>,
    id: u32,
    web: SocketAddr,
    log: LogTail,
}

/// The last lines that the process logged.
type LogTail = Arc<Mutex<VecDeque<String>>>;

/// The outcome of a command.
#[derive(Debug)]
pub(super) struct CommandOutcome {
    pub(super) took: Duration,
    /// `None` if a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stderr: String,
}

/// The way the process ended after SIGTERM.
#[derive(Debug)]
pub(super) struct ProcessEnd {
    /// `None` if it had to be killed.
    pub(super) code: Option<i32>,
    pub(super) took: Duration,
    /// Resources of the process that still exist.
    pub(super) leftovers: Vec<String>,
    /// The last lines of its log.
    pub(super) log: Vec<String>,
}

impl HostProcess {
    /// Starts a host process and waits until it answers.
    ///
    /// # Panics
    ///
    /// Panics if the process does not start.
    pub(super) fn start(command: &Path) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        // The shell lowers the limit and then replaces itself with the process.
        let script = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .arg(command)
            .args(["serve", "--listen", "127.0.0.1:0"]);
        shell.args([
            "--memory-budget",
            MEMORY_BUDGET,
            "--drain",
            &format!("{}s", DRAIN.as_secs()),
        ]);
        shell
            .env("AIRSSYS_WASM_STATE", state_directory(&place))
            .current_dir(place.path());
        // Its own process group, by which its children are found.
        shell
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().expect("the command runs");
        let (web, log) = read_log(child.stderr.take().expect("stderr is piped"));
        let id = child.id();
        let process = Self {
            command: command.to_owned(),
            place,
            child: Mutex::new(child),
            id,
            web,
            log,
        };
        process.run_successfully(&["status", "--wait", "30s"]);
        process
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn web(&self) -> SocketAddr {
        self.web
    }

    pub(super) fn socket(&self) -> PathBuf {
        state_directory(&self.place).join("admin.sock")
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    ///
    /// Panics if the command cannot be started.
    pub(super) fn run(&self, arguments: &[&str]) -> CommandOutcome {
        let mut command = Command::new(&self.command);
        command
            .args(arguments)
            .env("AIRSSYS_WASM_STATE", state_directory(&self.place))
            .current_dir(self.place.path());
        let begun = Instant::now();
        let output = command.output().expect("the command runs");
        CommandOutcome {
            took: begun.elapsed(),
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr)
                .trim_end()
                .to_owned(),
        }
    }

    fn run_successfully(&self, arguments: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    }

    /// Deploys the component that answers HTTP requests.
    pub(super) fn deploy_good(&self) {
        self.run_successfully(&["deploy", &guest("http-v1"), "--name", "good"]);
        self.run_successfully(&["route", "set", "/", "good"]);
    }

    /// Deploys the component that attacks.
    ///
    /// # Errors
    ///
    /// Fails with the outcome of the command if the deployment is refused.
    pub(super) fn deploy_bad(&self, bait: &Bait) -> Result<CommandOutcome, CommandOutcome> {
        let (guest, [directory, fifo]) = (guest("attack-load"), bait.grants());
        let deadline = format!("call-deadline={}s", CALL_DEADLINE.as_secs());
        let ran = self.run(&[
            "deploy", &guest, "--name", "bad", "--grant", &directory, "--grant", &fifo, "--limit",
            &deadline,
        ]);
        if ran.code == Some(0) {
            Ok(ran)
        } else {
            Err(ran)
        }
    }

    /// Sends SIGTERM and waits until the process has ended; kills it if it does not end.
    ///
    /// # Panics
    ///
    /// Panics if the signal cannot be sent.
    pub(super) fn terminate(&self) -> ProcessEnd {
        let begun = Instant::now();
        let asked = Command::new("kill")
            .args(["-s", "TERM", &self.id.to_string()])
            .status();
        assert!(
            asked.expect("kill runs").success(),
            "the process has already ended"
        );
        let mut child = self.child.lock();
        let mut status = None;
        while status.is_none() && begun.elapsed() < TIMEOUT {
            status = child.try_wait().expect("the process can be waited for");
            thread::sleep(Duration::from_millis(2));
        }
        let took = begun.elapsed();
        let _ = child.kill();
        let _ = child.wait();
        ProcessEnd {
            code: status.and_then(|status| status.code()),
            took,
            leftovers: self.leftovers(),
            log: self.log.lock().iter().cloned().collect(),
        }
    }

    /// Returns the resources of an ended process that still exist.
    fn leftovers(&self) -> Vec<String> {
        let socket = Some(self.socket()).filter(|socket| socket.exists());
        let socket = socket.map(|socket| format!("the socket {}", socket.display()));
        let of_group = processes_of_group(self.id)
            .into_iter()
            .map(|id| format!("the process {id}"));
        socket.into_iter().chain(of_group).collect()
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let mut child = self.child.lock();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl ProcessEnd {
    /// Returns `true` if the process ended successfully and in time.
    pub(super) fn is_successful_in_time(&self) -> bool {
        self.code == Some(0) && self.took <= END_MAX + REAPED_MAX
    }
}

fn state_directory(place: &TempDir) -> PathBuf {
    place.path().join("state")
}

/// Returns the path of a guest program as an argument.
fn guest(name: &str) -> String {
    let path = guests::path(name)
        .canonicalize()
        .expect("the guest program exists");
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// Reads the log on a separate thread, and finds the address of the HTTP listener in it.
fn read_log(stderr: ChildStderr) -> (SocketAddr, LogTail) {
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let line = lines
        .find(|line| line.contains("serving components at"))
        .expect("it serves components");
    let address = line
        .rsplit("//")
        .next()
        .and_then(|address| address.trim().parse().ok());
    let log = LogTail::default();
    let kept = Arc::clone(&log);
    thread::spawn(move || lines.for_each(|line| push_line(&kept, line)));
    (address.expect("the log names an address"), log)
}

fn push_line(log: &LogTail, line: String) {
    let mut log = log.lock();
    if log.len() == LOG_LINES {
        log.pop_front();
    }
    log.push_back(line);
}
