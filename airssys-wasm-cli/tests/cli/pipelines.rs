//! Pipelines from the command line.

use std::io::Write as _;
use std::process::Stdio;

use super::support::{TestDir, guest_path};

fn place() -> TestDir {
    let place = TestDir::new();
    place.write_pipeline("sums");
    place
}

#[test]
fn a_pipeline_is_checked_and_run_without_a_host_process() {
    let place = place();
    let checked = place.run(&["pipeline", "check", "sums.toml"]).ok();
    assert!(
        checked.starts_with("pipeline `sums`") && checked.contains("double.output -> last."),
        "{checked}"
    );
    assert!(
        place
            .run(&["pipeline", "graph", "sums.toml"])
            .ok()
            .starts_with("flowchart LR")
    );
    assert!(
        place
            .run(&["pipeline", "graph", "sums.toml", "--form", "dot"])
            .ok()
            .starts_with("digraph")
    );
    let ran = place.run(&["pipeline", "run", "sums.toml", "\"4\"", "\"four\"", "\"5\""]);
    assert!(
        ran.stderr.contains("\"inputs\":[\"\\\"four\\\"\"]"),
        "{ran:?}"
    );
    assert_eq!(ran.ok(), "\"<8>\"\n\"<1><0>\"");
}

#[test]
fn all_errors_of_a_pipeline_are_reported_at_once() {
    let place = place();
    let path = place.path().join("sums.toml");
    let right = std::fs::read_to_string(&path).expect("written");
    let broken = right
        .replace("\"double.input\"", "\"duble.input\"")
        .replace("\"spell\"", "\"spel\"");
    std::fs::write(&path, broken).expect("written");
    let problem = place.run(&["pipeline", "check", "sums.toml"]).failed(2);
    assert!(
        problem.contains("duble") && problem.contains("#spell`?"),
        "{problem}"
    );
    std::fs::write(&path, right.replace("concurrency = 2", "concurency = 2")).expect("written");
    let problem = place.run(&["pipeline", "check", "sums.toml"]).failed(2);
    assert!(
        problem.contains("unknown field `concurency`") && problem.contains("line "),
        "{problem}"
    );
    std::fs::write(
        &path,
        right.replace(&guest_path("plain-stages"), "gone.wasm"),
    )
    .expect("written");
    let problem = place.run(&["pipeline", "deploy", "sums.toml"]).failed(2);
    assert!(problem.contains("gone.wasm"), "{problem}");
}

#[test]
fn a_pipeline_runs_in_a_host_process_and_survives_a_restart() {
    let place = place();
    let process = place.serve();
    let deployed = place.run(&["pipeline", "deploy", "sums.toml"]).ok();
    assert!(
        deployed.contains("sums:first") && deployed.contains("sums:last"),
        "{deployed}"
    );
    assert_eq!(
        place
            .run(&["pipeline", "run", "sums", "\"4\"", "\"5\""])
            .ok(),
        "\"<8>\"\n\"<1><0>\""
    );
    let json = place
        .run(&["pipeline", "run", "sums", "\"4\"", "--output", "json"])
        .ok();
    assert_eq!(
        json,
        "{\"sequence\":0,\"outputs\":[{\"stage\":\"last\",\"value\":\"\\\"<8>\\\"\"}]}"
    );
    let problem = place
        .run(&["pipeline", "run", "sums", "\"4\"", "4"])
        .failed(2);
    assert!(problem.contains("string"), "{problem}");
    let problem = place.run(&["remove", "sums:last"]).failed(4);
    assert!(problem.contains("pipeline `sums`"), "{problem}");
    place.run(&["pipeline", "run", "sums", "\"four\""]).ok();
    process.kill();

    let _process = place.serve();
    let letters = std::fs::read_to_string(place.state().join("dead-letters.jsonl")).expect("there");
    assert!(
        letters.contains("\"stage\":\"first\"") && letters.lines().count() == 1,
        "{letters}"
    );
    assert!(place.run(&["pipeline", "list"]).ok().contains("sums"));
    assert!(
        place
            .run(&["pipeline", "graph", "sums", "--form", "toml"])
            .ok()
            .contains("[stages.double]")
    );
    place
        .run(&[
            "pipeline",
            "update",
            "sums",
            "last",
            &guest_path("plain-stages"),
        ])
        .ok();
    assert_eq!(
        place.run(&["pipeline", "run", "sums", "\"4\""]).ok(),
        "\"<8>\""
    );
    assert!(
        place
            .run(&["pipeline", "list", "sums"])
            .ok()
            .contains("sums:last")
    );
    place.run(&["pipeline", "remove", "sums"]).ok();
    let problem = place.run(&["pipeline", "run", "sums", "\"4\""]).failed(3);
    assert!(
        problem.contains("no pipeline is deployed as `sums`"),
        "{problem}"
    );
}

/// Outcomes are streamed while items are still being sent.
#[test]
fn items_are_read_from_standard_input_as_they_come() {
    use std::io::{BufRead as _, BufReader};
    let place = place();
    let _process = place.serve();
    place.run(&["pipeline", "deploy", "sums.toml"]).ok();
    for pipeline in ["sums", "sums.toml"] {
        let mut command = place.command(&["pipeline", "run", pipeline]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = command.spawn().expect("it runs");
        let mut stdin = running.stdin.take().expect("it is written once");
        let mut stdout = BufReader::new(running.stdout.take().expect("it is read once"));
        for number in 1..=3 {
            writeln!(stdin, "\"{number}\"\n").expect("written");
            let mut line = String::new();
            stdout.read_line(&mut line).expect("read");
            assert_eq!(line, format!("\"<{}>\"\n", number * 2), "{pipeline}");
        }
        drop(stdin);
        assert!(running.wait().expect("it ends").success());
    }
}
