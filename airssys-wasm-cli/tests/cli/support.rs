//! Test support: a host process in a temporary directory, and commands to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use airssys_wasm_tests::guests;
use tempfile::TempDir;

/// Time after which a test fails.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// The output and the exit code of a command.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl CommandOutput {
    /// Checks that the command succeeded. Returns its standard output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        self.exited_with(0)
    }

    /// Checks the exit code. Returns the standard output.
    #[track_caller]
    pub(crate) fn exited_with(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.stdout.trim_end().to_owned()
    }

    /// Checks that the command failed with this exit code. Returns its error output.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        self.stderr
    }
}

/// A temporary directory with the state of a host process.
pub(crate) struct TestDir(TempDir);

impl TestDir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    /// Copies the directory.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_all(self.path(), copy.path());
        copy
    }

    /// Writes the file of a pipeline that parses a number, doubles it and spells it. The pipeline
    /// is named after its file.
    pub(crate) fn write_pipeline(&self, name: &str) {
        let component = guest_path("plain-stages");
        let text = format!(
            r#"
                name = "{name}"
                connect = [
                    {{ from = "first.output", to = "double.input" }},
                    {{ from = "double.output", to = "last.input" }},
                ]

                [stages.first]
                component = "{component}"
                function = "parse"
                on-error = "dead-letter"

                [stages.double]
                component = "{component}"
                function = "double"

                [stages.last]
                component = "{component}"
                function = "spell"
                concurrency = 2
            "#
        );
        std::fs::write(self.path().join(format!("{name}.toml")), text).expect("written");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_airssys-wasm"));
        command
            .args(arguments)
            .env("AIRSSYS_WASM_STATE", self.state())
            .env_remove("AIRSSYS_WASM_OUTPUT");
        command.current_dir(self.path());
        command
    }

    /// Runs a command and waits for it.
    pub(crate) fn run(&self, arguments: &[&str]) -> CommandOutput {
        let output: Output = self.command(arguments).output().expect("it runs");
        CommandOutput {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Starts a host process and waits until it responds.
    pub(crate) fn serve(&self) -> HostProcess {
        let process = self.start(&[]);
        let begun = Instant::now();
        while self.run(&["status"]).code != 0 {
            assert!(begun.elapsed() < TIMEOUT, "it does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        process
    }

    /// Starts a host process.
    pub(crate) fn start(&self, arguments: &[&str]) -> HostProcess {
        let arguments = [&["serve"], arguments].concat();
        let mut command = self.command(&arguments);
        HostProcess(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it runs"),
        )
    }
}

/// A host process. Killed when dropped.
pub(crate) struct HostProcess(pub(crate) Child);

impl HostProcess {
    pub(crate) fn id(&self) -> String {
        self.0.id().to_string()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it can be asked").is_some()
    }

    /// Returns `true` if the process ends within two seconds.
    pub(crate) fn ends_soon(&mut self) -> bool {
        let begun = Instant::now();
        while !self.has_ended() && begun.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.has_ended()
    }

    /// Kills the process.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }

    /// Terminates the process. Returns its exit code and its log.
    pub(crate) fn terminate(mut self) -> (i32, String) {
        signal(&self.id(), "TERM");
        let status = self.0.wait().expect("it ends");
        let mut log = String::new();
        let mut stderr = self.0.stderr.take().expect("it is read once");
        std::io::Read::read_to_string(&mut stderr, &mut log).expect("text");
        (status.code().unwrap_or(-1), log)
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn signal(process: &str, signal: &str) {
    let killed = Command::new("kill").args(["-s", signal, process]).status();
    assert!(killed.is_ok_and(|status| status.success()));
}

/// Returns the path of a guest's component, as an argument.
pub(crate) fn guest_path(name: &str) -> String {
    let path = guests::path(name)
        .canonicalize()
        .expect("the guest is built");
    path.to_str().expect("text").to_owned()
}

pub(crate) fn copy_all(from: &Path, to: &Path) {
    use std::os::unix::fs::FileTypeExt as _;
    for entry in std::fs::read_dir(from).expect("a directory").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
        let to = to.join(entry.file_name());
        if kind.is_dir() {
            std::fs::create_dir(&to).expect("made");
            copy_all(&path, &to);
            let mode = std::fs::metadata(&path).expect("there").permissions();
            std::fs::set_permissions(&to, mode).expect("set");
        } else if !kind.is_socket() {
            std::fs::copy(&path, &to).expect("copied");
        }
    }
}

/// Sends a signal to a process that may have ended.
pub(crate) fn try_signal(process: &str, signal: &str) {
    let _ = Command::new("kill")
        .args(["-s", signal, process])
        .stderr(Stdio::null())
        .status();
}
