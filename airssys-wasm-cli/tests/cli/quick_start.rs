//! Runs the shell commands of the guides for operators unchanged.

use std::path::Path;
use std::process::Command;

use super::support::TestDir;

/// Returns the shell block of a guide that contains these words.
fn block(guide: &str, words: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let text = std::fs::read_to_string(path.join(guide)).expect("readable");
    let block = text
        .split("\n```sh\n")
        .find(|block| block.contains(words))
        .expect("the block exists");
    block
        .split("\n```")
        .next()
        .expect("the block ends")
        .to_owned()
}

/// Returns the operators' block without the two setup lines: in this test the command and the
/// components are already built.
fn lines() -> String {
    let block = block("command.md", "airssys-wasm status --wait");
    let (set_up, rest): (Vec<&str>, Vec<&str>) =
        block.lines().partition(|line| line.starts_with("cargo "));
    assert_eq!(
        set_up,
        [
            "cargo install --locked --path airssys-wasm-cli",
            "cargo xtask components"
        ]
    );
    rest.join("\n")
}

/// Runs lines in a shell, in a folder. Returns the standard output.
fn run_in_shell(place: &TestDir, folder: &Path, lines: &str) -> String {
    let command = Path::new(env!("CARGO_BIN_EXE_airssys-wasm"));
    let path = format!(
        "{}:{}",
        command.parent().expect("a folder").display(),
        std::env::var("PATH").expect("a path")
    );
    let mut shell = Command::new("bash");
    shell.args(["-e", "-c", lines]).current_dir(folder);
    shell
        .env("PATH", path)
        .env("AIRSSYS_WASM_STATE", place.state());
    shell
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR");
    let output = shell.output().expect("bash runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    told
}

#[test]
fn the_operator_commands_of_the_guide_work() {
    let place = TestDir::new();
    let told = run_in_shell(
        &place,
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")),
        &lines(),
    );
    for expected in [
        "greeter: revision 1 (1.0.0) is active",
        "greeter: revision 2 (2.0.0) is active",
        ", 0 failed",
        "answered     \"Good day, Ada!\"",
        "answered     \"Hello, Ada!\"",
        "rolled-back  1",
    ] {
        assert!(told.contains(expected), "`{expected}` is not in:\n{told}");
    }
    assert_eq!(told.matches("\n\"Hello, Ada!\"\n").count(), 2, "{told}");
}

/// Uses a free port, because other tests run at the same time.
#[test]
fn the_http_commands_of_the_guide_work() {
    let place = TestDir::new();
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let lines = block("http.md", "--listen");
    let lines = lines.replace("127.0.0.1:8080", &free.expect("a port").to_string());
    let told = run_in_shell(&place, place.path(), &lines);
    assert_eq!(told.matches("hello from 0.1.0\n").count(), 2, "{told}");
    assert_eq!(told.matches("hello from 0.2.0\n").count(), 1, "{told}");
    assert!(told.contains("Requests/sec"), "{told}");
    for failure in ["Non-2xx", "Socket errors"] {
        assert!(!told.contains(failure), "{told}");
    }
}
