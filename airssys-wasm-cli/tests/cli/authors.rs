//! Authors' commands: create a component, build it, update it on every change, sign it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::support::{CommandOutput, HostProcess, TIMEOUT, TestDir, guest_path};

/// Returns a command whose build directory is shared by all tests.
fn command(place: &TestDir, arguments: &[&str]) -> Command {
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/authors");
    let mut command = place.command(arguments);
    command
        .env("CARGO_TARGET_DIR", target)
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS");
    command
}

fn run(place: &TestDir, arguments: &[&str]) -> CommandOutput {
    let output = command(place, arguments).output().expect("it runs");
    CommandOutput {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Creates a component with the same dependency versions as the tests' guests.
fn create(place: &TestDir, name: &str, template: &str) {
    place.run(&["new", name, "--template", template]).ok();
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/guests/Cargo.lock");
    std::fs::copy(lock, place.path().join(name).join("Cargo.lock")).expect("copied");
}

/// Starts `dev`. Returns its process and the lines of its output.
fn start_dev(place: &TestDir, name: &str) -> (HostProcess, Receiver<String>) {
    let mut dev = command(place, &["dev", name]);
    let mut dev = HostProcess(
        dev.stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs"),
    );
    let lines = BufReader::new(dev.0.stdout.take().expect("it is read once"))
        .lines()
        .map_while(Result::ok);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || lines.for_each(|line| drop(sender.send(line))));
    (dev, receiver)
}

#[test]
fn a_component_is_created_built_and_updated_on_every_change() {
    let place = TestDir::new();
    create(&place, "price-check", "component");
    check_names_that_new_refuses(&place);
    check_the_built_component(&place);
    assert!(
        run(&place, &["dev", "price-check", "--once"])
            .failed(7)
            .contains("no host process")
    );

    let _process = place.serve();
    let (_dev, lines) = start_dev(&place, "price-check");
    let next = || lines.recv_timeout(TIMEOUT * 2).expect("a line");
    assert!(next().starts_with("price-check: deployed"));
    let quiet = lines.recv_timeout(Duration::from_secs(2));
    assert!(quiet.is_err(), "nothing has changed: {quiet:?}");
    edit(&place.path().join("price-check/src/lib.rs"), "Hello", "Hi");
    assert!(next().starts_with("price-check: updated"));
    assert_eq!(
        place.run(&["call", "price-check", "greet(\"Ada\")"]).ok(),
        "\"Hi, Ada!\""
    );
    add_exported_function(&place.path().join("price-check"));
    let told = [next(), next()];
    assert!(told[0].starts_with("price-check: updated"), "{told:?}");
    assert!(
        told[1].contains("+ export local:price-check/api#part: func(name: string) -> string"),
        "{told:?}"
    );
}

fn check_names_that_new_refuses(place: &TestDir) {
    assert!(
        place
            .run(&["new", "price-check"])
            .failed(2)
            .contains("price-check")
    );
    assert!(
        place
            .run(&["new", "Price"])
            .failed(2)
            .contains("lower-case words")
    );
}

fn check_the_built_component(place: &TestDir) {
    let built = run(place, &["build", "price-check"]).ok();
    assert!(built.starts_with("price-check 0.1.0: "), "{built}");
    let file = built.lines().last().expect("a path");
    let told = place.run(&["inspect", file]).ok();
    assert!(told.contains("Greets by name"), "{told}");
    assert_eq!(
        place.run(&["run", file, "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
}

/// Adds the exported function `part`, first to the source and then to the world.
fn add_exported_function(package: &Path) {
    edit(
        &package.join("src/lib.rs"),
        "    fn greet",
        "    fn part(name: String) -> String {\n        name\n    }\n\n    fn greet",
    );
    edit(
        &package.join("wit/world.wit"),
        "    greet:",
        "    part: func(name: string) -> string;\n    greet:",
    );
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).expect("there");
    assert!(text.contains(from));
    std::fs::write(path, text.replace(from, to)).expect("written");
}

#[test]
fn a_stage_is_created_and_runs_in_a_pipeline() {
    let place = TestDir::new();
    create(&place, "shout", "stage");
    let built = run(&place, &["build", "shout"]).ok();
    let file = built.lines().last().expect("a path");
    let definition = format!("[stages.shout]\ncomponent = \"{file}\"\non-error = \"skip\"\n");
    std::fs::write(place.path().join("pipe.toml"), definition).expect("written");
    assert_eq!(
        place.run(&["pipeline", "run", "pipe.toml", "\"ada\""]).ok(),
        "\"ADA\""
    );
    assert!(
        run(&place, &["build", "."])
            .failed(2)
            .contains("no `Cargo.toml`")
    );
    edit(
        &place.path().join("shout/src/lib.rs"),
        "line.to_uppercase()",
        "line.to_uppercaze()",
    );
    let failed = run(&place, &["build", "shout"]);
    assert_eq!(failed.code, 1);
    assert!(
        failed.stderr.contains("to_uppercaze") && failed.stderr.contains("build failed"),
        "{failed:?}"
    );
}

#[test]
fn signed_components_are_verified() {
    let place = TestDir::new();
    let file = place.path().join("greeter.wasm");
    std::fs::copy(guest_path("greeter-v1"), &file).expect("copied");
    let made = place.run(&["keygen", "my.key"]).ok();
    assert!(
        place
            .run(&["keygen", "my.key"])
            .failed(2)
            .contains("my.key"),
        "it is not overwritten"
    );
    let key = made.lines().last().expect("the key").to_owned();
    let signed = place.run(&["sign", "greeter.wasm", "--key", "my.key"]).ok();
    assert!(
        signed.starts_with("greeter.wasm.minisig: greeter 1.0.0 sha256:"),
        "{signed}"
    );
    for key in ["my.pub", &key] {
        let verified = place.run(&["verify", "greeter.wasm", "--key", key]).ok();
        assert!(
            verified.contains("signed   greeter 1.0.0 sha256:"),
            "{verified}"
        );
    }
    place.run(&["keygen", "other.key"]).ok();
    assert!(
        place
            .run(&["verify", "greeter.wasm", "--key", "other.pub"])
            .failed(5)
            .contains("does not match these bytes")
    );
    std::fs::copy(guest_path("greeter-v2"), &file).expect("copied");
    assert!(
        place
            .run(&["verify", "greeter.wasm", "--key", "my.pub"])
            .failed(5)
            .contains("does not match these bytes")
    );
    let wrong = format!("sha256:{}", "0".repeat(64));
    assert!(
        place
            .run(&["verify", "greeter.wasm", "--digest", &wrong])
            .failed(5)
            .contains("expected sha256:")
    );
    std::fs::write(&file, "nothing").expect("written");
    place.run(&["verify", "greeter.wasm"]).failed(2);
}

#[test]
fn doctor_reports_problems_of_the_machine() {
    let place = TestDir::new();
    let told = place.run(&["doctor"]);
    assert!(
        told.stdout.contains("no host process is running"),
        "{told:?}"
    );
    assert_eq!(told.code, 1);
    let _process = place.serve();
    let told = place.run(&["doctor"]).ok();
    assert!(
        told.contains("deployments") && told.contains("wasm32-wasip2 is installed"),
        "{told}"
    );
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(place.state(), std::fs::Permissions::from_mode(0o755)).expect("set");
    assert!(place.run(&["doctor"]).stdout.contains("chmod 700"));
}
