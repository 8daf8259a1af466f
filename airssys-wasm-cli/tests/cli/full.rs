//! A full disk at each write: the command reports it, the active revision keeps serving, and
//! everything works again once there is space.

use super::killed::Tracer;
use super::support::{TestDir, guest_path};

#[test]
fn a_full_disk_at_any_write_loses_nothing_and_space_restores_service() {
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
    let mut refused = 0;
    for write in 1.. {
        assert!(write < 100, "it never succeeds");
        let full = Tracer::inject(
            &process,
            "pwrite64,fsync,fdatasync,ftruncate,fallocate,renameat,rename,renameat2",
            &format!("error=ENOSPC:when={write}+"),
        );
        let before = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
        let next = if before.contains("Hello") {
            "greeter-v2"
        } else {
            "greeter-v1"
        };
        let ran = place.run(&["update", "greeter", &guest_path(next), "--any-version"]);
        let answer = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
        drop(full);
        if ran.code == 0 {
            assert_ne!(answer, before);
            break;
        }
        refused += 1;
        assert_eq!(answer, before, "the active revision keeps serving");
        assert!(ran.failed(8).contains("No space left"), "it says why");
        // There is space again.
        place
            .run(&["update", "greeter", &guest_path(next), "--any-version"])
            .ok();
        assert_ne!(
            place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
            before
        );
    }
    assert!(refused >= 3, "{refused} writes");
    let status = place.run(&["status", "greeter", "--output", "json"]).ok();
    let answer = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
    process.kill();
    let _process = place.serve();
    let serving = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).expect("json")["serving"].clone()
    };
    assert_eq!(
        serving(&place.run(&["status", "greeter", "--output", "json"]).ok()),
        serving(&status)
    );
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        answer
    );
}

/// A revocation that cannot be stored applies to the revisions that are not loaded as well, and is
/// stored with the next change.
#[test]
fn an_unstored_revocation_is_stored_with_the_next_change() {
    let place = TestDir::new();
    let process = place.serve();
    let probe = guest_path("attack-probe");
    let grants = ["--grant", "config a value=1", "--grant", "config b value=2"];
    place.run(&[&["deploy", &probe], &grants[..]].concat()).ok();
    let update = ["update", "attack-probe", &probe, "--any-version"];
    place.run(&update).ok();
    process.kill();

    let process = place.serve();
    let full = Tracer::inject(&process, "pwrite64,fsync,fdatasync", "error=ENOSPC");
    let refused = place.run(&["caps", "revoke", "attack-probe", "config a"]);
    drop(full);
    assert!(refused.failed(8).contains("No space left"), "it says why");
    place
        .run(&["caps", "revoke", "attack-probe", "config b"])
        .ok();
    process.kill();

    let _process = place.serve();
    let read = ["call", "attack-probe", "attempt(\"config\", [\"a\"])"];
    let denied = "err(\"no such key\")";
    assert_eq!(place.run(&read).exited_with(1), denied);
    place.run(&["rollback", "attack-probe"]).ok();
    assert_eq!(place.run(&read).exited_with(1), denied);
}

/// A failed change may have reached the disk although the sync failed. The next write undoes it,
/// so that a restart does not restore it.
#[test]
fn an_unconfirmed_change_is_absent_after_a_restart() {
    let place = TestDir::new();
    let mut process = place.serve();
    place.run(&["deploy", &guest_path("greeter-v1")]).ok();
    place
        .run(&["update", "greeter", &guest_path("greeter-v2")])
        .ok();
    let before = place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
    let mut refused = 0;
    // A rollback writes only to the database.
    for sync in 1.. {
        assert!(sync < 30, "it never succeeds");
        let unconfirmed = Tracer::inject(
            &process,
            "fsync,fdatasync",
            &format!("error=EIO:when={sync}"),
        );
        let ran = place.run(&["rollback", "greeter"]);
        drop(unconfirmed);
        if ran.code == 0 {
            break;
        }
        refused += 1;
        place
            .run(&[
                "deploy",
                &guest_path("greeter-v1"),
                "--name",
                &format!("other-{sync}"),
            ])
            .ok();
        process.kill();
        process = place.serve();
        assert_eq!(
            place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
            before,
            "at sync {sync}"
        );
    }
    assert!(refused >= 1, "{refused} syncs");
}
