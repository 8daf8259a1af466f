//! Following guest output and events.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::support::{TestDir, guest_path};

#[test]
fn output_and_events_are_followed_until_shutdown() {
    let place = TestDir::new();
    let process = place.serve();
    place
        .run(&["deploy", &guest_path("authority-probe"), "--name", "one"])
        .ok();
    let mut follow = place.command(&["logs", "-f", "one", "--output", "json"]);
    let mut follow = follow.stdout(Stdio::piped()).spawn().expect("it runs");
    let mut events = place.command(&["events", "--output", "json"]);
    let mut events = events.stdout(Stdio::piped()).spawn().expect("it runs");
    std::thread::sleep(std::time::Duration::from_millis(200));
    place.run(&["deploy", &guest_path("greeter-v1")]).ok();
    place.run(&["remove", "greeter"]).ok();
    let mut lines = BufReader::new(events.stdout.take().expect("read")).lines();
    let mut seen: Vec<serde_json::Value> = Vec::new();
    while seen.last().is_none_or(|event| event["event"] != "removed") {
        let line = lines.next().expect("the removal is reported");
        seen.push(serde_json::from_str(&line.expect("text")).expect("json"));
    }
    assert!(
        seen.iter().all(|event| event["name"] == "greeter"),
        "{seen:?}"
    );
    let mut steps = seen.iter().filter(|event| event["event"] == "step");
    assert_eq!(steps.next_back().expect("steps")["phase"], "switch");
    // Followers do not delay the shutdown.
    let (code, log) = process.terminate();
    assert_eq!(code, 0, "{log}");
    assert!(follow.wait().expect("it ends").success());
    assert!(events.wait().expect("it ends").success());
}
