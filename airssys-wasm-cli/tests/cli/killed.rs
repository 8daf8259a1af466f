//! A host process killed with SIGKILL at any write restarts with the state before or after
//! the change, and never loses a change that it has confirmed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use super::support::{HostProcess, TestDir, guest_path};

/// System calls that write to a file or a directory.
const WRITES: &str = "write,pwrite64,writev,fsync,fdatasync,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,unlink,unlinkat";

/// An strace process that injects failures into another process's system calls until dropped.
pub(crate) struct Tracer {
    strace: Child,
    /// Kept open but not read: strace would be killed when it writes to a closed pipe.
    _told: BufReader<ChildStderr>,
}

impl Tracer {
    /// Injects `what` into system calls, in strace's syntax: `signal=SIGKILL:when=3`,
    /// `error=ENOSPC:when=2+`.
    pub(crate) fn inject(process: &HostProcess, calls: &str, what: &str) -> Self {
        let mut strace = Command::new("strace");
        let inject = format!("inject={calls}:{what}");
        strace.args(["-f", "-o", "/dev/null", "-e", &inject, "-p", &process.id()]);
        let strace = strace.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut strace = strace.expect("strace is installed; `cargo xtask test` installs it");
        let mut told = String::new();
        let mut stderr = BufReader::new(strace.stderr.take().expect("it is read once"));
        stderr.read_line(&mut told).expect("it says something");
        assert!(told.contains("attached"), "{told}");
        Self {
            strace,
            _told: stderr,
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Killed, because on SIGTERM strace may wait for a thread that was killed while it started.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

/// The operator's commands under test.
fn operations() -> Vec<Vec<String>> {
    let words = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect();
    vec![
        words(&["deploy", &guest_path("plain-bindgen"), "--name", "other"]),
        words(&[
            "update",
            "greeter",
            &guest_path("greeter-v1"),
            "--any-version",
        ]),
        words(&["rollback", "greeter"]),
        words(&["caps", "grant", "greeter", "--grant", "config b value=2"]),
        words(&["caps", "revoke", "greeter", "config a"]),
        words(&["pipeline", "deploy", "new.toml"]),
        words(&[
            "pipeline",
            "update",
            "sums",
            "last",
            &guest_path("plain-stages"),
            "--any-version",
        ]),
        words(&["pipeline", "remove", "sums"]),
        words(&["remove", "greeter"]),
    ]
}

/// Prepares a state in which revision 2 of the greeter is active and revision 1 is retained.
fn prepare_state() -> TestDir {
    let place = TestDir::new();
    let process = place.serve();
    place
        .run(&[
            "deploy",
            &guest_path("greeter-v1"),
            "--grant",
            "config a value=1",
        ])
        .ok();
    place
        .run(&["update", "greeter", &guest_path("greeter-v2")])
        .ok();
    place
        .run(&["deploy", &guest_path("greeter-v1"), "--name", "bystander"])
        .ok();
    place.write_pipeline("new");
    place.write_pipeline("sums");
    place.run(&["pipeline", "deploy", "sums.toml"]).ok();
    let (code, log) = process.terminate();
    assert_eq!(code, 0, "{log}");
    place
}

/// Returns everything a host process reports about its state, without counters since its start.
fn observed_state(place: &TestDir) -> String {
    let json = |arguments: &[&str]| place.run(&[arguments, &["--output", "json"]].concat());
    let mut told = json(&["list"]).ok();
    for name in [
        "greeter",
        "other",
        "bystander",
        "new:first",
        "sums:first",
        "sums:last",
    ] {
        let status = json(&["status", name]);
        if status.code == 0 {
            let mut status: serde_json::Value = serde_json::from_str(&status.stdout).expect("json");
            for counted in ["calls-in-flight", "calls-admitted", "instances"] {
                status[counted] = 0.into();
            }
            told += &format!("\n{status}\n{}", json(&["caps", "show", name]).ok());
            let function = match name {
                "other" => "double(2)",
                stage if stage.contains(':') => "double(3)",
                _ => "greet(\"Ada\")",
            };
            told += &format!("\n{}", place.run(&["call", name, function]).stdout);
        }
    }
    for name in ["new", "sums"] {
        told += &format!(
            "\n{name} {:?}",
            place.run(&["pipeline", "run", name, "\"21\""])
        );
    }
    told + &history(place)
}

fn history(place: &TestDir) -> String {
    let history = place.run(&["history", "--output", "json"]).ok();
    let history: Vec<serde_json::Value> = serde_json::from_str(&history).expect("json");
    history
        .iter()
        .map(|change| {
            format!(
                "\n{} {} {}",
                change["name"], change["action"], change["revision"]
            )
        })
        .collect()
}

fn state_after_restart(place: &TestDir) -> String {
    let process = place.serve();
    let told = observed_state(place);
    process.kill();
    told
}

fn run(place: &TestDir, operation: &[String]) -> i32 {
    place
        .run(&operation.iter().map(String::as_str).collect::<Vec<_>>())
        .code
}

fn state_after(before: &TestDir, operation: &[String]) -> String {
    let place = before.copy();
    let process = place.serve();
    assert_eq!(run(&place, operation), 0, "{operation:?}");
    process.kill();
    state_after_restart(&place)
}

/// Kills the process at the first write, then at the second, until the command completes without
/// a kill.
#[test]
fn a_kill_at_any_write_restores_the_state_before_or_after() {
    let prepared = prepare_state();
    let before = state_after_restart(&prepared.copy());
    let mut kills = 0;
    for operation in operations() {
        let after = state_after(&prepared, &operation);
        assert_ne!(before, after, "{operation:?}");
        let mut ended = 0;
        for write in 1.. {
            assert!(write < 200, "{operation:?} never ends");
            let place = prepared.copy();
            let mut process = place.serve();
            let tracer = Tracer::inject(&process, WRITES, &format!("signal=SIGKILL:when={write}"));
            let code = run(&place, &operation);
            drop(tracer);
            let was_killed = code != 0 && process.ends_soon();
            drop(process);
            let back = state_after_restart(&place);
            assert!(
                back == before || back == after,
                "{operation:?}, killed at write {write}, was:\n{before}\nor:\n{after}\nand is:\n{back}"
            );
            assert!(
                code != 0 || back == after,
                "{operation:?} was confirmed at write {write}"
            );
            assert!(
                code == 0 || was_killed,
                "{operation:?} was refused at write {write}"
            );
            if code != 0 {
                kills += 1;
                continue;
            }
            // The distribution of writes among threads varies, so it must complete three times.
            ended += 1;
            if ended == 3 {
                break;
            }
        }
    }
    assert!(kills >= 30, "{kills} kills");
}

/// Kills the process at random moments during several concurrent commands.
#[test]
fn confirmed_changes_survive_a_kill_at_random_moments() {
    let prepared = prepare_state();
    for seed in 0..100_u64 {
        let place = prepared.copy();
        let process = place.serve();
        let micros = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407)
            >> 33;
        let all = operations();
        let codes: Vec<(usize, i32)> = std::thread::scope(|scope| {
            let place = &place;
            // Later commands remove what these work on, or are about pipelines.
            let runs: Vec<_> = all[..5]
                .iter()
                .enumerate()
                .map(|(number, operation)| scope.spawn(move || (number, run(place, operation))))
                .collect();
            std::thread::sleep(Duration::from_micros(micros % 60_000));
            process.kill();
            runs.into_iter()
                .map(|run| run.join().expect("it ran"))
                .collect()
        });
        let process = place.serve();
        let done = history(&place);
        let words = ["deployed 1", "updated", "rolled-back", "updated", "revoked"];
        let expected = |number: usize| match number {
            0 => done.contains("\"other\" \"deployed\" 1"),
            _ => done
                .lines()
                .skip(4)
                .any(|line| line.contains(words[number])),
        };
        for (number, code) in codes {
            assert!(
                code != 0 || expected(number),
                "seed {seed}: {:?} was confirmed:{done}",
                all[number]
            );
        }
        assert_eq!(
            place.run(&["call", "bystander", "greet(\"Ada\")"]).ok(),
            "\"Hello, Ada!\"",
            "seed {seed}"
        );
        let greeting = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
        assert!(greeting.ends_with("Ada!\""), "seed {seed}: {greeting}");
        process.kill();
    }
}

/// A startup that is killed leaves the state unchanged.
#[test]
fn a_killed_startup_changes_nothing() {
    let prepared = prepare_state();
    // Left by a killed process, so that the startup has something to repair.
    let unclean = prepared.copy();
    unclean.serve().kill();
    let before = state_after_restart(&unclean.copy());
    for write in 1..200 {
        let place = unclean.copy();
        let came_up = start_killed_at(&place, write);
        assert_eq!(
            state_after_restart(&place),
            before,
            "killed at write {write}"
        );
        if came_up {
            assert!(write > 3);
            return;
        }
    }
    panic!("it never starts");
}

/// The very first startup, killed at each write, leaves a directory in which the next can start.
#[test]
fn a_killed_first_startup_can_be_repeated() {
    for write in 1..60 {
        let place = TestDir::new();
        let came_up = start_killed_at(&place, write);
        let process = place.serve();
        place.run(&["deploy", &guest_path("greeter-v1")]).ok();
        process.kill();
        if came_up {
            return;
        }
    }
    panic!("it never starts");
}

/// Starts a host process that is killed at a write. Returns `true` if it came up before that, and
/// kills it in that case.
fn start_killed_at(place: &TestDir, write: u32) -> bool {
    let inject = format!("inject={WRITES},mkdir:signal=SIGKILL:when={write}");
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-o",
        "/dev/null",
        "-e",
        &inject,
        env!("CARGO_BIN_EXE_airssys-wasm"),
        "serve",
    ]);
    strace
        .env("AIRSSYS_WASM_STATE", place.state())
        .stderr(Stdio::null())
        .stdout(Stdio::null());
    let mut started = HostProcess(
        strace
            .spawn()
            .expect("strace is installed; `cargo xtask test` installs it"),
    );
    let answers = || place.run(&["status"]).code == 0;
    let mut came_up = false;
    while !started.has_ended() && !came_up {
        came_up = answers();
    }
    drop(started);
    // It may keep running after strace is killed.
    if let Ok(status) = serde_json::from_str::<serde_json::Value>(
        &place.run(&["status", "--output", "json"]).stdout,
    ) {
        super::support::try_signal(&status["process"].to_string(), "KILL");
        while answers() {}
    }
    came_up
}
