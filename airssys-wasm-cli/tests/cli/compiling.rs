//! Components crafted to exhaust the compiler: it runs in a separate process, which bears the cost.

use std::process::{Child, Command, Stdio};
use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

use airssys_wasm_tests::crafted;
use airssys_wasm_tests::process::{children_of, status_field};

use super::support::{HostProcess, TIMEOUT, TestDir, guest_path, signal};

/// The exit code if the host rejects a component.
const REFUSED: i32 = 6;

/// The exit code if bytes are not a valid component.
const INVALID: i32 = 2;

/// Writes a component that takes the compiler minutes and gigabytes.
fn crafted(place: &TestDir) -> String {
    write(place, &crafted::nested_loops())
}

/// Writes a component to a file. Returns its path.
fn write(place: &TestDir, text: &str) -> String {
    let path = place.path().join("crafted.wasm");
    std::fs::write(&path, wat::parse_str(text).expect("bytes")).expect("written");
    path.to_str().expect("text").to_owned()
}

fn serve(place: &TestDir, bounds: &[&str]) -> HostProcess {
    let process = place.start(bounds);
    place.run(&["status", "--wait", "30s"]).ok();
    process
}

/// Returns the compiler process that a host process has started.
fn compiler_of(process: &HostProcess) -> u32 {
    let begun = Instant::now();
    loop {
        if let [compiler] = children_of(process.0.id())[..] {
            return compiler;
        }
        assert!(begun.elapsed() < TIMEOUT, "no compiler is started");
        yield_now();
    }
}

fn deploy(place: &TestDir, component: &str) -> Child {
    let mut command = place.command(&["deploy", component, "--name", "crafted"]);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs")
}

/// Waits for a command, which must fail with this exit code. Returns its error output.
fn error_output(command: Child, code: i32) -> String {
    let output = command.wait_with_output().expect("it ends");
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

/// Checks that the host process serves, and has no compiler process left.
fn assert_serving(place: &TestDir, process: &HostProcess) {
    place
        .run(&["deploy", &guest_path("http-v1"), "--name", "web"])
        .ok();
    place.run(&["status", "web"]).ok();
    assert_eq!(children_of(process.0.id()), [0; 0]);
}

#[test]
fn a_compiler_over_its_memory_limit_ends_and_the_host_keeps_serving() {
    let place = TestDir::new();
    let process = serve(&place, &["--compile-memory", "256MiB"]);
    let before = status_field(process.0.id(), "VmHWM").expect("memory");
    let told = error_output(deploy(&place, &crafted(&place)), REFUSED);
    assert!(
        told.contains("needs more memory for it than") && told.contains("smaller or simpler"),
        "{told}"
    );
    assert_serving(&place, &process);
    let after = status_field(process.0.id(), "VmHWM").expect("memory");
    assert!(after - before < 100 << 10, "{before} KiB, then {after}");
}

#[test]
fn a_compiler_over_its_time_limit_ends_and_the_host_keeps_serving() {
    let place = TestDir::new();
    let process = serve(
        &place,
        &["--compile-time", "3s", "--compile-memory", "8GiB"],
    );
    let told = error_output(deploy(&place, &crafted(&place)), REFUSED);
    assert!(told.contains("did not compile within 3s"), "{told}");
    let begun = Instant::now();
    while !children_of(process.0.id()).is_empty() {
        assert!(begun.elapsed() < TIMEOUT, "the compiler does not end");
        sleep(Duration::from_millis(5));
    }
    assert_serving(&place, &process);
}

#[test]
fn code_that_is_too_large_for_its_component_is_not_loaded() {
    let place = TestDir::new();
    let process = serve(&place, &[]);
    let told = error_output(
        deploy(&place, &write(&place, &crafted::multiplying_instances())),
        REFUSED,
    );
    assert!(told.contains("too many for its size"), "{told}");
    let most = status_field(process.0.id(), "VmHWM").expect("memory");
    assert!(most < 128 << 10, "{most} KiB");
    assert_serving(&place, &process);
}

#[test]
fn killing_the_compiler_fails_its_deploy() {
    let place = TestDir::new();
    let process = serve(&place, &[]);
    let deploying = deploy(&place, &crafted(&place));
    signal(&compiler_of(&process).to_string(), "KILL");
    let told = error_output(deploying, 1);
    assert!(told.contains("the compiler crashed"), "{told}");
    assert_serving(&place, &process);
}

#[test]
fn a_compiler_ends_with_its_host() {
    let place = TestDir::new();
    let process = serve(&place, &[]);
    let mut deploying = deploy(&place, &crafted(&place));
    let compiler = compiler_of(&process);
    let begun = Instant::now();
    while status_field(compiler, "VmRSS").expect("it compiles") < 100 << 10 {
        assert!(begun.elapsed() < TIMEOUT, "it does not compile");
        sleep(Duration::from_millis(5));
    }
    signal(&process.id(), "KILL");
    let begun = Instant::now();
    while status_field(compiler, "VmRSS").is_some() {
        assert!(begun.elapsed() < TIMEOUT, "the compiler does not end");
        sleep(Duration::from_millis(5));
    }
    deploying.wait().expect("it ends");
}

/// The time limit holds even if no deploy waits for the compiler.
#[test]
fn a_compiler_ends_itself_after_its_time() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_airssys-wasm"));
    command.args(["airssys-wasm-compiler", "plain", "1000000000", "300"]);
    let mut compiler = command.stdin(Stdio::piped()).spawn().expect("it runs");
    let _open = compiler.stdin.take();
    let begun = Instant::now();
    while compiler.try_wait().expect("it can be asked").is_none() {
        assert!(begun.elapsed() < TIMEOUT, "it does not end");
        sleep(Duration::from_millis(5));
    }
    assert_eq!(compiler.wait().expect("it has ended").code(), Some(11));
}

#[test]
fn a_component_that_does_not_compile_says_why() {
    let place = TestDir::new();
    let _process = serve(&place, &[]);
    // The types are valid, the code is not.
    let text = "(component (core module (func (result i32) (f32.const 1))))";
    let told = error_output(deploy(&place, &write(&place, text)), INVALID);
    assert!(
        told.contains("does not compile") && told.contains("type mismatch"),
        "{told}"
    );
}
