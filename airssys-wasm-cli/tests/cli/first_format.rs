//! State directories, lock files and API requests that an earlier release wrote are still read.
//!
//! `tests/first-format` has copies of them, as they were before types and fields were renamed. An
//! operator can update the command without losing a deployment, and an older client can talk to a
//! newer host process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::support::{TestDir, copy_all, guest_path};

fn stored(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/first-format")
        .join(name)
}

/// A directory with a copy of the state.
fn restored() -> TestDir {
    let place = TestDir::new();
    std::fs::create_dir(place.state()).expect("made");
    copy_all(&stored("state"), &place.state());
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(place.state(), private).expect("it is ours");
    place
}

#[test]
fn a_state_directory_is_restored_with_everything_in_it() {
    let place = restored();
    let _process = place.serve();
    let list = place.run(&["list"]).ok();
    for name in [
        "caller",
        "counter",
        "greeter",
        "hello",
        "store",
        "sums:first",
    ] {
        assert!(list.contains(name), "{name} is missing:\n{list}");
    }
    let status = place.run(&["status", "greeter"]).ok();
    for line in [
        "revision 1 (1.0.0)",
        "pooled 8",
        "revision 2 (2.0.0)",
        "revision 3 (2.0.0)",
    ] {
        assert!(status.contains(line), "{line} is missing:\n{status}");
    }
    let grants = place.run(&["caps", "show", "greeter"]).ok();
    for rule in [
        "config mood",
        "api.example.com/private",
        "http https://api.example.com/v2",
    ] {
        assert!(grants.contains(rule), "{rule} is missing:\n{grants}");
    }
    let history = place.run(&["history"]).ok();
    for action in ["deployed", "updated", "revoked", "rolled-back", "removed"] {
        assert!(history.contains(action), "{action} is missing:\n{history}");
    }
    let routes = place.run(&["route", "list"]).ok();
    assert!(
        routes.contains("/shop") && routes.contains("shop.example.com/cart"),
        "{routes}"
    );
    assert!(place.run(&["search"]).ok().contains("greeter"));
}

#[test]
fn restored_deployments_serve_and_change() {
    let place = restored();
    let _process = place.serve();
    assert_eq!(place.run(&["call", "counter", "increment()"]).ok(), "1");
    assert_eq!(place.run(&["call", "caller", "add(20, 22)"]).ok(), "42");
    let update = ["update", "greeter@2.0.0", "--any-version"];
    place.run(&update).ok();
    place
        .run(&["rollback", "greeter", "--to-version", "1.0.0"])
        .ok();
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
    let pipelines = place.run(&["pipeline", "list"]).ok();
    assert!(pipelines.contains("sums"), "{pipelines}");
    place.run(&["pipeline", "remove", "sums"]).ok();
}

#[test]
fn a_lock_file_pins_what_it_pinned() {
    let place = restored();
    for file in ["deployments.toml", "deployments.lock"] {
        std::fs::copy(stored(file), place.path().join(file)).expect("copied");
    }
    let _process = place.serve();
    assert_eq!(place.run(&["apply", "--locked"]).ok(), "hello: unchanged");
}

#[test]
fn requests_of_an_earlier_client_succeed() {
    let place = TestDir::new();
    let _process = place.serve();
    for version in ["1.0.0", "2.0.0"] {
        let package = format!("state/components/packages/local/greeter/{version}.wasm");
        let package = stored(&package).to_string_lossy().into_owned();
        place.run(&["publish", &package]).ok();
    }
    place
        .run(&["deploy", &guest_path("state-counter"), "--name", "counter"])
        .ok();
    let mut requests: Vec<PathBuf> = std::fs::read_dir(stored("requests"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    requests.sort();
    assert_eq!(requests.len(), 13);
    for request in requests {
        let status = replay(&place.state().join("admin.sock"), &request);
        assert!(status.contains(" 20"), "{}: {status}", request.display());
    }
}

/// Sends a request as it was recorded. Returns the status line of the response.
fn replay(socket: &Path, request: &Path) -> String {
    let mut stream = UnixStream::connect(socket).expect("it listens");
    let request = std::fs::read(request).expect("readable");
    stream.write_all(&request).expect("sent");
    let mut status = String::new();
    BufReader::new(&stream)
        .read_line(&mut status)
        .expect("a response");
    let _ = stream.shutdown(Shutdown::Both);
    status
}
