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
    let mut events = place.command(&["events"]);
    let mut events = events.stdout(Stdio::piped()).spawn().expect("it runs");
    std::thread::sleep(std::time::Duration::from_millis(200));
    place.run(&["deploy", &guest_path("greeter-v1")]).ok();
    place.run(&["remove", "greeter"]).ok();
    let mut lines = BufReader::new(events.stdout.take().expect("read")).lines();
    let removed = lines
        .by_ref()
        .map(|line| line.expect("text"))
        .find(|line| line.ends_with("greeter: removed"));
    assert!(removed.is_some(), "the removal is reported");
    // Followers do not delay the shutdown.
    let (code, log) = process.terminate();
    assert_eq!(code, 0, "{log}");
    assert!(follow.wait().expect("it ends").success());
    assert!(events.wait().expect("it ends").success());
}
