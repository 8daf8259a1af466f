//! `run FILE`: commands with arguments, stdin, output and exit codes; functions; error messages.

use std::io::Write as _;
use std::process::{Output, Stdio};
use std::time::Duration;

use crate::support::{TestDir, guest_path};

/// Runs the guest whose arguments choose how it ends, with these bytes on its stdin.
fn run(arguments: &[&str], stdin: &[u8]) -> Output {
    let (place, file) = (TestDir::new(), guest_path("ends-command"));
    let arguments = [&["run", &file, "--"], arguments].concat();
    let mut child = place
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut input = child.stdin.take().expect("it is piped");
    let stdin = stdin.to_vec();
    let writing = std::thread::spawn(move || drop(input.write_all(&stdin)));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("written");
    output
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[test]
fn command_gets_its_arguments() {
    assert_eq!(
        text(&run(&["arguments", "one", "--two", ""], b"").stdout),
        "[\"one\", \"--two\", \"\"]\n"
    );
    assert_eq!(text(&run(&[], b"").stdout), "no arguments\n");
    assert_eq!(text(&run(&["program"], b"").stdout), "ends-command.wasm\n");
}

#[test]
fn command_reads_stdin_to_its_end() {
    let input: Vec<u8> = (0..1_000_003_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    let output = run(&["cat"], &input);
    assert_eq!(
        (output.status.code(), output.stdout == input),
        (Some(0), true),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn command_need_not_wait_for_the_end_of_stdin() {
    let (place, file) = (TestDir::new(), guest_path("ends-command"));
    let mut child = place
        .command(&["run", &file, "--", "first-byte"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(b"A").expect("written");
    // No more bytes are sent, and stdin stays open.
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(text(&output.stdout), "65\n");
    drop(input);
}

#[test]
fn output_is_passed_through_byte_for_byte() {
    let output = run(&["both"], b"");
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        ("to stdout\n", "to stderr\n")
    );
    assert_eq!(run(&["bytes"], b"").stdout, b"\x00\xff\x1b[31mraw");
}

#[test]
fn exit_code_is_that_of_the_command() {
    for (arguments, code) in [
        (&["both"][..], 0),
        (&["exit", "0"], 0),
        (&["exit-with", "0"], 0),
        (&["exit-with", "3"], 3),
        (&["exit-with", "255"], 255),
        // std reports any failure as 1 in WASI 0.2.
        (&["exit", "3"], 1),
        (&["fail"], 1),
        (&["panic"], 6),
    ] {
        let output = run(arguments, b"");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        let is_told = text(&output.stderr).contains("error: ");
        assert_eq!(
            is_told,
            code == 6,
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
    let told = run(&["fail"], b"");
    assert!(
        text(&told.stderr).contains("as asked"),
        "the program reports it: {}",
        text(&told.stderr)
    );
}

#[test]
fn trap_is_reported_with_the_file_and_without_unnamed_functions() {
    let told = run(&["panic"], b"");
    let told = text(&told.stderr);
    assert!(told.contains("ends-command.wasm` trapped"), "{told}");
    assert!(
        !told.contains("<wasm function") && !told.contains("revision"),
        "{told}"
    );
}

#[test]
fn deadline_ends_a_command_if_one_is_given() {
    let (place, file) = (TestDir::new(), guest_path("ends-command"));
    let ran = place.run(&[
        "run",
        &file,
        "--limit",
        "call-deadline=200ms",
        "--",
        "sleep",
    ]);
    assert!(ran.failed(6).contains("took longer than its deadline"));
    let mut child = place
        .command(&["run", &file, "--", "sleep"])
        .spawn()
        .expect("it runs");
    std::thread::sleep(Duration::from_millis(500));
    assert!(
        child.try_wait().expect("asked").is_none(),
        "there is no deadline by default"
    );
    child.kill().expect("killed");
    child.wait().expect("it ends");
}

#[test]
fn errors_name_run_and_the_file() {
    let (place, file) = (TestDir::new(), guest_path("greeter-v1"));
    let told = place.run(&["run", &file, "great(\"Ada\")"]).failed(3);
    assert!(
        told.contains(&format!("`{file}`")) && told.contains("airssys-wasm run FILE"),
        "{told}"
    );
    assert!(
        !told.contains("airssys-wasm call") && !told.contains("revision"),
        "{told}"
    );
    let told = place.run(&["run", &file, "--", "Ada"]).failed(2);
    assert!(
        told.contains("is not a command: it exports no `wasi:cli/run`"),
        "{told}"
    );
}

#[test]
fn returned_error_is_shown_and_ends_with_one() {
    let (place, file) = (TestDir::new(), guest_path("ends-calls"));
    let ran = place.run(&["run", &file, "fail()"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "err(\"as asked\")\n"),
        "{}",
        ran.stderr
    );
    let told = place.run(&["run", &file, "stop-with(3)"]).failed(3);
    assert!(
        told.contains("exited with code 3") && !told.contains("backtrace"),
        "{told}"
    );
    assert_eq!(place.run(&["run", &file, "stop(true)"]).ok(), "");
    let ran = place.run(&["run", &file, "panic(\"the book is empty\")"]);
    assert_eq!(
        (ran.code, ran.stderr.matches("the book is empty").count()),
        (6, 1),
        "{}",
        ran.stderr
    );
    let told = place
        .run(&["run", &file, "stop-from-number(true)"])
        .failed(6);
    assert!(
        told.contains("exited with code 0") && !told.contains("backtrace"),
        "{told}"
    );
}
