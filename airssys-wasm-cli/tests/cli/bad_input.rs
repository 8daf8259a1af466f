//! Invalid input: error messages that name the problem and the next step, and their exit codes.

use super::support::{HostProcess, TestDir, guest_path};

/// The arguments of a command, its exit code, and a part of its error message.
type Mistake<'a> = (&'a [&'a str], i32, &'a str);

#[test]
fn without_a_host_process_the_error_says_how_to_start_one() {
    let place = TestDir::new();
    let greeter = guest_path("greeter-v1");
    for arguments in [
        &["list"][..],
        &["deploy", &greeter],
        &["update", "greeter", &greeter],
        &["rollback", "greeter"],
        &["remove", "greeter"],
        &["call", "greeter", "greet(\"Ada\")"],
        &["logs"],
        &["events"],
    ] {
        let told = place.run(arguments).failed(7);
        assert!(
            told.contains("start one with `airssys-wasm serve`"),
            "{arguments:?}: {told}"
        );
    }
}

/// Starts a host process with version 2.0.0 of the greeter deployed.
fn serve_with_deployed_greeter() -> (TestDir, HostProcess) {
    let place = TestDir::new();
    let process = place.serve();
    place.run(&["deploy", &guest_path("greeter-v2")]).ok();
    (place, process)
}

/// Checks that every command fails as listed, and that the greeter still serves, alone.
fn check_mistakes(place: &TestDir, mistakes: &[Mistake]) {
    for &(arguments, code, expected) in mistakes {
        let told = place.run(arguments).failed(code);
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Good day, Ada!\""
    );
    assert_eq!(
        place.run(&["list"]).ok().lines().count(),
        2,
        "nothing was left behind"
    );
}

#[test]
fn each_mistake_is_named() {
    let (place, _process) = serve_with_deployed_greeter();
    let v1 = guest_path("greeter-v1");
    let other = place.path().join("other.wasm");
    std::fs::write(&other, b"hello").expect("written");
    let other = other.to_str().expect("text");
    let mistakes: [Mistake; 12] = [
        (&["deploy", "nothing.wasm"], 2, "cannot read `nothing.wasm`"),
        (&["deploy", other], 2, "it begins with the text \"hello\""),
        (&["deploy", &v1], 4, "`greeter` is deployed already"),
        (
            &["deploy", &guest_path("import-missing"), "--name", "x"],
            4,
            "imports without a provider",
        ),
        (
            &["deploy", &guest_path("greeter-unhealthy"), "--name", "x"],
            6,
            "checking health",
        ),
        (&["update", "greeter", &v1], 4, "--any-version"),
        (
            &["update", "greeter@3.0.0", &v1],
            2,
            "the component declares version 1.0.0",
        ),
        (&["update", "greetr", &v1], 3, "did you mean `greeter`?"),
        (
            &["rollback", "greeter"],
            3,
            "no revision was active before revision 1",
        ),
        (&["call", "greeter", "great(\"Ada\")"], 3, "greet"),
        (&["call", "greeter", "greet(1)"], 2, "column 2"),
        (&["call", "greeter", "greet"], 2, "is not a call"),
    ];
    check_mistakes(&place, &mistakes);
}

#[test]
fn each_mistake_in_an_option_is_named() {
    let (place, _process) = serve_with_deployed_greeter();
    let v1 = guest_path("greeter-v1");
    let mistakes: [Mistake; 6] = [
        (
            &["deploy", &v1, "--name", "../x"],
            2,
            "component name `../x`",
        ),
        (
            &["deploy", &v1, "--name", "x", "--grant", "file-raed /x"],
            2,
            "did you mean `file-read`?",
        ),
        (
            &["deploy", &v1, "--name", "x", "--limit", "memory=1"],
            2,
            "unknown field `memory`",
        ),
        (
            &["deploy", &v1, "--name", "x", "--limit", "memory-bytes-max"],
            2,
            "has no `=`",
        ),
        (
            &["deploy", &v1, "--name", "x", "--instancing", "many"],
            2,
            "write `per-call`",
        ),
        (
            &[
                "update",
                "greeter",
                &v1,
                "--any-version",
                "--strategy",
                "canary",
            ],
            2,
            "`blue-green`",
        ),
    ];
    check_mistakes(&place, &mistakes);
}

#[test]
fn a_world_level_import_is_shown_without_advice_to_link() {
    let place = TestDir::new();
    let _process = place.serve();
    let root = guest_path("plain-root-import");
    assert!(
        place
            .run(&["inspect", &root])
            .ok()
            .lines()
            .any(|line| line == "imports      print")
    );
    let told = place.run(&["deploy", &root, "--name", "root"]).failed(4);
    assert!(
        told.contains("`print` is imported at world level"),
        "{told}"
    );
    assert!(!told.contains("--link"), "{told}");
}

#[test]
fn a_misspelt_command_gets_a_suggestion() {
    let place = TestDir::new();
    let ran = place.run(&["deplyo"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("'deploy'"), "{ran:?}");
    assert_eq!(place.run(&["--help"]).code, 0);
    assert_eq!(
        place.run(&["--version"]).ok(),
        format!("airssys-wasm {}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_closed_stdout_ends_the_command_quietly() {
    let place = TestDir::new();
    let mut command = place.command(&["--help"]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    assert!(status.code().is_some(), "it was not killed: {status:?}");
}
