//! The command as it is used: `serve` in a directory of its own, and commands against it.

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

/// Descriptors that the process may open.
const DESCRIPTORS: u32 = 1024;

const MEMORY_BUDGET: &str = "256MiB";

/// How long the process waits for calls in flight when it ends. Those of `bad` that begin last take
/// as long, so that it has something to wait for.
const DRAIN: Duration = Duration::from_secs(1);

/// How long a call of `bad` may take.
const CALL_DEADLINE: Duration = Duration::from_secs(1);

/// How long the process may take to end: its drain, and the second that `serve` documents.
pub(super) const END_MAX: Duration = Duration::from_secs(DRAIN.as_secs() + 1);

/// How long the system may take to free what the process had.
const REAPED_MAX: Duration = Duration::from_millis(500);

/// How long anything else may take before the soak gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lines of the log that are kept.
const LOG_LINES: usize = 40;

/// A host process. It is killed when dropped, if it has not ended.
pub(super) struct HostProcess {
    command: PathBuf,
    place: TempDir,
    child: Mutex<Child>,
    id: u32,
    web: SocketAddr,
    log: Log,
}

/// The last lines that the process logged.
type Log = Arc<Mutex<VecDeque<String>>>;

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) took: Duration,
    /// None if a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stderr: String,
}

/// How the process ended after SIGTERM.
#[derive(Debug)]
pub(super) struct ProcessEnd {
    /// None if it had to be killed.
    pub(super) code: Option<i32>,
    pub(super) took: Duration,
    /// What was left of it.
    pub(super) left: Vec<String>,
    /// The end of its log.
    pub(super) log: Vec<String>,
}

impl HostProcess {
    /// Starts one, and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub(super) fn start(command: &Path) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        // The shell lowers the limit, and becomes the process.
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
            .env("AIRSSYS_WASM_STATE", state(&place))
            .current_dir(place.path());
        // A group of its own, by which its children are found.
        shell
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().expect("the command runs");
        let (web, log) = read_log(child.stderr.take().expect("it is taken once"));
        let id = child.id();
        let process = Self {
            command: command.to_owned(),
            place,
            child: Mutex::new(child),
            id,
            web,
            log,
        };
        process.run_well(&["status", "--wait", "30s"]);
        process
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn web(&self) -> SocketAddr {
        self.web
    }

    pub(super) fn socket(&self) -> PathBuf {
        state(&self.place).join("admin.sock")
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(&self.command);
        command
            .args(arguments)
            .env("AIRSSYS_WASM_STATE", state(&self.place))
            .current_dir(self.place.path());
        let begun = Instant::now();
        let output = command.output().expect("the command runs");
        Ran {
            took: begun.elapsed(),
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr)
                .trim_end()
                .to_owned(),
        }
    }

    fn run_well(&self, arguments: &[&str]) {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    }

    /// Deploys the component that answers HTTP requests.
    pub(super) fn deploy_good(&self) {
        self.run_well(&["deploy", &guest("http-v1"), "--name", "good"]);
        self.run_well(&["route", "set", "/", "good"]);
    }

    /// Deploys the component that attacks.
    ///
    /// # Errors
    ///
    /// What the command printed, if it is refused.
    pub(super) fn deploy_bad(&self, bait: &Bait) -> Result<Ran, Ran> {
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

    /// Asks the process to end, and waits until it has. One that does not is killed.
    ///
    /// # Panics
    ///
    /// If the process cannot be asked.
    pub(super) fn terminate(&self) -> ProcessEnd {
        let begun = Instant::now();
        let asked = Command::new("kill")
            .args(["-s", "TERM", &self.id.to_string()])
            .status();
        assert!(asked.expect("kill runs").success(), "the process is there");
        let mut child = self.child.lock();
        let mut status = None;
        while status.is_none() && begun.elapsed() < PATIENCE {
            status = child.try_wait().expect("it is a child");
            thread::sleep(Duration::from_millis(2));
        }
        let took = begun.elapsed();
        let _ = child.kill();
        let _ = child.wait();
        ProcessEnd {
            code: status.and_then(|status| status.code()),
            took,
            left: self.left(),
            log: self.log.lock().iter().cloned().collect(),
        }
    }

    /// What there still is of a process that has ended.
    fn left(&self) -> Vec<String> {
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
    /// Whether the process ended by itself, as successful and in its time.
    pub(super) fn is_in_time(&self) -> bool {
        self.code == Some(0) && self.took <= END_MAX + REAPED_MAX
    }
}

fn state(place: &TempDir) -> PathBuf {
    place.path().join("state")
}

/// Where a guest program lies, as an argument.
fn guest(name: &str) -> String {
    let path = guests::path(name).canonicalize().expect("it is there");
    path.to_str().expect("the path is text").to_owned()
}

/// Reads the log on a thread of its own, and finds where components are served.
fn read_log(stderr: ChildStderr) -> (SocketAddr, Log) {
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let line = lines
        .find(|line| line.contains("serving components at"))
        .expect("it serves components");
    let address = line
        .rsplit("//")
        .next()
        .and_then(|address| address.trim().parse().ok());
    let log = Log::default();
    let kept = Arc::clone(&log);
    thread::spawn(move || lines.for_each(|line| keep(&kept, line)));
    (address.expect("it logs an address"), log)
}

fn keep(log: &Log, line: String) {
    let mut log = log.lock();
    if log.len() == LOG_LINES {
        log.pop_front();
    }
    log.push_back(line);
}
