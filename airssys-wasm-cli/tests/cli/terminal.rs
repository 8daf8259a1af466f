//! Text from a crafted component cannot manipulate the terminal that it is printed on.

use std::time::Instant;

use super::support::{CommandOutput, TIMEOUT, TestDir, guest_path};

/// Escape sequences, a C1 control, direction marks and zero-width characters.
const EVIL: &str = "\u{1b}[2J\u{1b}[8m\u{9b}31m\r\u{202e}\u{2066}\u{200e}\u{61c}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}";

/// Writes a component with these characters in all of its text. It requests one file, while its
/// description claims that it requests nothing.
fn crafted(place: &TestDir) -> String {
    let evil: String = EVIL
        .chars()
        .map(|c| format!("\\u{{{:x}}}", u32::from(c)))
        .collect();
    let (first, last) = (evil.replace("\\u{d}", "\\\\r"), evil.replace("\\u{d}", ""));
    let text = format!(
        r#"(component
          (@custom "airssys:component" "airssys:component 1\nname crafted\nversion 1.0.0\ndescription {first}\\nrequests     nothing\\n{last}\n")
          (@custom "airssys:capabilities" "airssys:capabilities 1\nfile-read /etc/concealed\n")
          (core module $m
            (@producers (language "{evil}Rust" "1{evil}"))
            (func $"{evil}panicked" (export "boom") unreachable))
          (core instance $i (instantiate $m))
          (func $boom (canon lift (core func $i "boom")))
          (export "boom" (func $boom)))"#
    );
    write(place, "crafted.wasm", &text)
}

fn write(place: &TestDir, name: &str, text: &str) -> String {
    let path = place.path().join(name);
    std::fs::write(&path, wat::parse_str(text).expect("valid text")).expect("written");
    path.to_str().expect("text").to_owned()
}

/// Returns `true` for characters that must not reach a terminal.
fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\n') || (!c.is_ascii() && EVIL.contains(c))
}

#[track_caller]
fn assert_safe(what: &[&str], ran: &CommandOutput) {
    for text in [&ran.stdout, &ran.stderr] {
        if let Some(c) = text.chars().find(|c| is_unsafe(*c)) {
            panic!("{what:?} prints {}: {text:?}", c.escape_unicode());
        }
    }
}

/// Returns every command that prints text of the component, with its exit code.
fn commands(file: &str) -> Vec<(Vec<&str>, i32)> {
    vec![
        (vec!["inspect", file], 0),
        (vec!["inspect", file, "--wit"], 0),
        (vec!["verify", file], 0),
        (
            vec!["run", file, "--grant", "file-read /etc/concealed from=/"],
            0,
        ),
        (
            vec![
                "run",
                file,
                "boom()",
                "--grant",
                "file-read /etc/concealed from=/",
            ],
            6,
        ),
        (vec!["deploy", file], 5),
        (vec!["deploy", file, "--run-with-less", "--dry-run"], 0),
        (vec!["deploy", file, "--run-with-less"], 0),
        (vec!["status", "crafted"], 0),
        (vec!["list"], 0),
        (vec!["call", "crafted"], 0),
        (vec!["call", "crafted", "boom()"], 6),
        (vec!["caps", "show", "crafted"], 0),
        (vec!["caps", "diff", "crafted", file], 0),
        (
            vec!["caps", "explain", "crafted", "file-read /etc/concealed"],
            0,
        ),
        (vec!["caps", "explain", "crafted", EVIL], 2),
        (vec!["caps", "audit", "crafted"], 0),
        (vec!["update", "crafted", file], 4),
        (vec!["publish", file], 0),
        (vec!["search"], 0),
        (vec!["history"], 0),
        (
            vec![
                "call",
                "stages",
                "say(\"\\u{1b}[2J\\u{9b}31m\\u{202e}\\u{200b}\")",
            ],
            0,
        ),
        (vec!["call", EVIL], 3),
        (vec!["deploy", EVIL], 2),
        (vec![EVIL], 2),
        (vec!["logs"], 0),
    ]
}

#[test]
fn text_of_a_component_never_reaches_the_terminal_raw() {
    let place = TestDir::new();
    let (file, process) = (crafted(&place), place.serve());
    place.run(&[
        "deploy",
        &guest_path("plain-stages"),
        "--name",
        "stages",
        "--any-version",
    ]);
    place.run(&["deploy", &guest_path("plain-stages"), "--name", "stages"]);
    for (arguments, code) in commands(&file) {
        let ran = place.run(&arguments);
        assert_safe(&arguments, &ran);
        assert_eq!(ran.code, code, "{arguments:?}: {ran:?}");
    }
    let begun = Instant::now();
    while !place
        .run(&["logs"])
        .ok()
        .contains(r"\u{1b}[2J\u{9b}31m\u{202e}\u{200b}")
    {
        assert!(begun.elapsed() < TIMEOUT, "the guest's line is missing");
    }
    let (_, stderr) = process.terminate();
    assert_safe(
        &["serve"],
        &CommandOutput {
            code: 0,
            stdout: String::new(),
            stderr,
        },
    );
}

#[test]
fn requests_cannot_be_concealed() {
    let place = TestDir::new();
    let (file, _process) = (crafted(&place), place.serve());
    place.run(&["deploy", &file, "--run-with-less"]).ok();
    for arguments in [&["inspect", &file][..], &["caps", "show", "crafted"]] {
        let told = place.run(arguments).ok();
        let requests: Vec<&str> = told
            .lines()
            .filter(|line| line.starts_with("requests"))
            .collect();
        assert!(
            matches!(requests[..], [one] if one.ends_with("file-read /etc/concealed")),
            "{told}"
        );
    }
}

#[test]
fn json_output_preserves_the_value() {
    let place = TestDir::new();
    let (file, _process) = (crafted(&place), place.serve());
    place.run(&["deploy", &file, "--run-with-less"]).ok();
    for (arguments, pointer) in [
        (&["inspect", &file, "--output", "json"][..], "/description"),
        (
            &["status", "crafted", "--output", "json"],
            "/serving/description",
        ),
    ] {
        let ran = place.run(arguments);
        assert_safe(arguments, &ran);
        let value: serde_json::Value = serde_json::from_str(&ran.ok()).expect("JSON");
        let description = value
            .pointer(pointer)
            .and_then(serde_json::Value::as_str)
            .expect("a description");
        assert!(
            description.starts_with(EVIL) && description.contains('\n'),
            "{description:?}"
        );
    }
}

#[test]
fn names_in_errors_are_escaped() {
    let place = TestDir::new();
    let import = write(
        &place,
        "import.wasm",
        "(component (import \"a:b/c\\u{9b}31m\\u{202e}\" (func)))",
    );
    let odd = place.path().join(format!("odd{EVIL}.wasm"));
    std::fs::write(&odd, b"no component").expect("written");
    for file in [import.as_str(), odd.to_str().expect("text")] {
        let ran = place.run(&["inspect", file]);
        assert_safe(&["inspect"], &ran);
        ran.failed(2);
    }
}
