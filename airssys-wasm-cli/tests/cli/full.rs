//! A full disk at each write: the command says so, what served serves on, and once there is
//! room again everything can be done.

use super::killed::Tracer;
use super::support::{Place, guest};

#[test]
fn at_each_write_nothing_is_lost_and_room_mends_it() {
    let place = Place::new();
    let process = place.serve();
    place.run(&["deploy", &guest("greeter-v1"), "--grant", "config a value=1"]).ok();
    let mut refused = 0;
    for write in 1.. {
        assert!(write < 100, "it never succeeds");
        let full = Tracer::inject(
            &process,
            "pwrite64,fsync,fdatasync,ftruncate,fallocate,renameat,rename,renameat2",
            &format!("error=ENOSPC:when={write}+"),
        );
        let before = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
        let next = if before.contains("Hello") { "greeter-v2" } else { "greeter-v1" };
        let ran = place.run(&["update", "greeter", &guest(next), "--any-version"]);
        let answer = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
        drop(full);
        if ran.code == 0 {
            assert_ne!(answer, before);
            break;
        }
        refused += 1;
        assert_eq!(answer, before, "what served serves on");
        assert!(ran.failed(8).contains("No space left"), "it says why");
        // There is room again.
        place.run(&["update", "greeter", &guest(next), "--any-version"]).ok();
        assert_ne!(place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(), before);
    }
    assert!(refused >= 3, "{refused} writes");
    let status = place.run(&["status", "greeter", "--output", "json"]).ok();
    let answer = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
    process.kill();
    let _process = place.serve();
    let serving =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("json")["serving"].clone();
    assert_eq!(serving(&place.run(&["status", "greeter", "--output", "json"]).ok()), serving(&status));
    assert_eq!(place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(), answer);
}
