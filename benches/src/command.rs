//! The command as a process: `airssys-wasm serve` with its own state directory.

use std::fmt::Debug;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::persistent_connection::PersistentConnection;

/// A host process, which is killed when dropped.
pub(crate) struct HostProcess {
    child: Child,
    place: TempDir,
    /// The address of the HTTP listener.
    pub(crate) address: SocketAddr,
}

impl HostProcess {
    /// Starts a host process and waits until it serves.
    pub(crate) fn start() -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let mut serve = command(place.path(), &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = serve
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let mut lines = log.lines().map_while(Result::ok);
        let line = lines
            .find(|line| line.contains("serving components at"))
            .expect("the process logs its address");
        let address = line
            .rsplit("//")
            .next()
            .expect("an address")
            .trim()
            .parse()
            .expect("an address");
        // The log is drained so that it does not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            place,
            address,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Runs a subcommand against the process.
    ///
    /// # Panics
    ///
    /// Panics if the subcommand fails.
    pub(crate) fn run(&self, arguments: &[&str]) {
        finish(self.begin(arguments));
    }

    /// Starts a subcommand against the process.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Child {
        let mut subcommand = command(self.place.path(), arguments);
        subcommand
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts")
    }

    /// Opens a connection to the API.
    pub(crate) fn api(&self) -> PersistentConnection<UnixStream> {
        PersistentConnection::from_stream(self.socket())
    }

    /// Starts a call without arguments. The call ends when the connection is dropped.
    pub(crate) fn begin_call(&self, name: &str, function: &str) -> impl Debug + use<> {
        let body = json!({ "function": function, "arguments": { "wave": "()" } }).to_string();
        let mut socket = self.socket();
        write!(
            socket,
            "POST /v1/deployments/{name}/call HTTP/1.1\r\nhost: localhost\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        socket
    }

    /// Returns the number of calls of a deployment in flight.
    pub(crate) fn calls_in_flight(&self, name: &str) -> u64 {
        let status = self.api().get(&status_path(name));
        let status: Value = serde_json::from_slice(&status).expect("JSON");
        status["calls-in-flight"].as_u64().expect("a count")
    }

    fn socket(&self) -> UnixStream {
        UnixStream::connect(state_directory(self.place.path()).join("admin.sock"))
            .expect("connected")
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Returns the path of a deployment's status in the API.
pub(crate) fn status_path(name: &str) -> String {
    format!("/v1/deployments/{name}")
}

/// Waits for a subcommand to end.
///
/// # Panics
///
/// Panics if the subcommand failed.
pub(crate) fn finish(subcommand: Child) {
    let output = subcommand.wait_with_output().expect("the subcommand ends");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Returns the command, which is built into the same directory as this program; `cargo xtask bench`
/// builds both.
fn command(place: &Path, arguments: &[&str]) -> Command {
    let this = std::env::current_exe().expect("this program");
    let mut command = Command::new(this.with_file_name("airssys-wasm"));
    command.args(arguments).current_dir(place);
    command
        .env("AIRSSYS_WASM_STATE", state_directory(place))
        .env_remove("AIRSSYS_WASM_OUTPUT");
    command
}

fn state_directory(place: &Path) -> PathBuf {
    place.join("state")
}
