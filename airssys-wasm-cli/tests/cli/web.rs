//! Components over HTTP: routes, metrics, the access log and shutdown.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use super::support::{HostProcess, TIMEOUT, TestDir, guest_path, signal};

/// Starts a host process that serves components. Returns it with its address.
pub(crate) fn serve(place: &TestDir, more: &[&str]) -> (HostProcess, SocketAddr) {
    read_address(place.start(&[&["--listen", "127.0.0.1:0"], more].concat()))
}

/// Reads the address where a host process serves components from its log.
pub(crate) fn read_address(mut process: HostProcess) -> (HostProcess, SocketAddr) {
    let log = BufReader::new(process.0.stderr.take().expect("it is read once"));
    let mut lines = log.lines().map_while(Result::ok);
    let line = lines
        .find(|line| line.contains("serving components at"))
        .expect("it logs the address");
    let address = line
        .rsplit("//")
        .next()
        .expect("an address")
        .trim()
        .parse()
        .expect("an address");
    // Keep reading, so that the process does not block on its log.
    std::thread::spawn(move || lines.for_each(drop));
    (process, address)
}

pub(crate) fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(TIMEOUT)).expect("set");
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn routes_point_to_deployments_and_survive_a_restart() {
    let place = TestDir::new();
    let (process, address) = serve(&place, &[]);
    check_a_route_without_a_component(&place, address);
    place
        .run(&["deploy", &guest_path("http-v1"), "--name", "web"])
        .ok();
    check_a_route_across_an_update(&place, address);
    assert!(
        place
            .run(&["route", "set", "shop", "web"])
            .failed(2)
            .contains("is not a valid route")
    );

    process.kill();
    let (_process, address) = serve(&place, &[]);
    assert!(
        get(address, "/shop/").contains("hello from 1.0.0"),
        "the route is restored"
    );
    check_a_changed_and_a_removed_route(&place, address);
}

/// Checks the route `/shop` before `web` is deployed, and while it does not serve HTTP. Leaves the
/// route without a deployment.
fn check_a_route_without_a_component(place: &TestDir, address: SocketAddr) {
    assert!(
        place
            .run(&["route", "list"])
            .ok()
            .contains("no routes are set")
    );
    assert!(get(address, "/shop/").starts_with("HTTP/1.1 404"));
    let told = place.run(&["route", "set", "/shop", "web"]).ok();
    assert!(
        told.starts_with("/shop -> web; it answers `503`") && told.contains("`web`"),
        "{told}"
    );
    assert!(get(address, "/shop/").starts_with("HTTP/1.1 503"));
    place
        .run(&["deploy", &guest_path("greeter-v1"), "--name", "web"])
        .ok();
    let listed = place.run(&["route", "list"]).ok();
    assert!(
        listed.contains("wasi:http/incoming-handler"),
        "the missing export is shown: {listed}"
    );
    place.run(&["remove", "web"]).ok();
}

/// Checks that the route `/shop` serves each version of `web` while it is active.
fn check_a_route_across_an_update(place: &TestDir, address: SocketAddr) {
    assert_eq!(
        place.run(&["route", "set", "/shop", "web"]).ok(),
        "/shop -> web (was web)"
    );
    assert!(get(address, "/shop/").contains("hello from 1.0.0"));
    place
        .run(&["update", "web", &guest_path("http-v2"), "--any-version"])
        .ok();
    assert!(get(address, "/shop/").contains("hello from 2.0.0"));
    place.run(&["rollback", "web"]).ok();
    assert!(get(address, "/shop/").contains("hello from 1.0.0"));
    assert!(
        place
            .run(&["route", "list"])
            .ok()
            .contains("/shop  web        answers")
    );
}

fn check_a_changed_and_a_removed_route(place: &TestDir, address: SocketAddr) {
    let told = place.run(&["route", "set", "/shop", "other"]).ok();
    assert!(
        told.starts_with("/shop -> other (was web); it answers `503`"),
        "{told}"
    );
    assert_eq!(
        place.run(&["route", "remove", "/shop"]).ok(),
        "/shop -> nothing (was other)"
    );
    assert!(get(address, "/shop/").starts_with("HTTP/1.1 404"));
    assert!(
        place
            .run(&["route", "remove", "/shop"])
            .failed(3)
            .contains("there is no route")
    );
}

#[test]
fn apply_sets_routes() {
    let place = TestDir::new();
    let (_process, address) = serve(&place, &[]);
    let text = format!(
        "[deployments.web]\ncomponent = \"{}\"\nroutes = [\"/shop\", \"/\"]\n",
        guest_path("http-v1")
    );
    std::fs::write(place.path().join("deployments.toml"), text).expect("written");
    assert!(
        place
            .run(&["apply", "--dry-run"])
            .ok()
            .contains("would deploy")
    );
    assert!(get(address, "/").starts_with("HTTP/1.1 404"));
    place.run(&["apply"]).ok();
    assert!(get(address, "/shop/").contains("hello from 1.0.0"));
    assert!(place.run(&["apply"]).ok().contains("unchanged"));
    place.run(&["route", "remove", "/"]).ok();
    assert!(place.run(&["diff"]).stdout.contains("route /: - -> web"));
    place.run(&["apply"]).ok();
    assert!(get(address, "/").contains("hello from 1.0.0"));
}

#[test]
fn requests_are_logged_and_counted() {
    let place = TestDir::new();
    let log = place.path().join("access.jsonl");
    let (process, address) = serve(
        &place,
        &[
            "--access-log",
            log.to_str().expect("text"),
            "--health-path",
            "/healthz",
        ],
    );
    assert!(get(address, "/healthz").ends_with("serving\n"));
    place
        .run(&["deploy", &guest_path("http-v1"), "--name", "web"])
        .ok();
    place.run(&["route", "set", "/", "web"]).ok();
    get(address, "/big?1000");
    get(address, "/trap");
    place.run(&["route", "set", "/nope", "nope"]).ok();
    get(address, "/nope");
    let metrics = metrics(&place);
    for expected in [
        r#"airssys_wasm_http_requests_total{component="web",revision="1",status="2xx"} 1"#,
        r#"airssys_wasm_http_requests_total{component="web",revision="1",status="5xx"} 1"#,
        r#"airssys_wasm_http_request_duration_seconds_count{component="web"} 2"#,
        r#"airssys_wasm_http_requests_total{component="nope",revision="",status="5xx"} 1"#,
    ] {
        assert!(metrics.contains(expected), "{expected}: {metrics}");
    }
    let mut process = process;
    signal(&process.id(), "TERM");
    assert!(process.ends_soon());
    let lines = std::fs::read_to_string(&log).expect("there");
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(
        (&lines[2]["component"], &lines[2]["status"]),
        (&"nope".into(), &503.into())
    );
    assert_eq!(
        (&lines[0]["path"], &lines[0]["status"]),
        (&"/big".into(), &200.into())
    );
    assert_eq!(
        (&lines[0]["component"], &lines[0]["revision"]),
        (&"web".into(), &1.into())
    );
    assert_eq!(
        (&lines[0]["bytes"], &lines[1]["status"]),
        (&1000.into(), &500.into())
    );
}

/// Counters of what is gone are read once more, and then removed.
#[test]
fn requests_of_removed_revisions_and_deployments_are_no_longer_counted() {
    let place = TestDir::new();
    // The fewest that are retained.
    let (_process, address) = serve(&place, &["--revisions-kept", "2"]);
    place
        .run(&["deploy", &guest_path("http-v1"), "--name", "web"])
        .ok();
    place.run(&["route", "set", "/", "web"]).ok();
    get(address, "/");
    for next in ["http-v2", "http-v1"] {
        place
            .run(&["update", "web", &guest_path(next), "--any-version"])
            .ok();
        get(address, "/");
    }
    let of_revision =
        |number| format!(r#"http_requests_total{{component="web",revision="{number}""#);
    let scraped = [metrics(&place), metrics(&place)];
    let counts = |number| {
        scraped
            .each_ref()
            .map(|text| text.contains(&of_revision(number)))
    };
    assert_eq!(counts(1), [true, false], "it is gone: {scraped:?}");
    assert_eq!(counts(2), [true, true], "it is retained: {scraped:?}");
    assert_eq!(counts(3), [true, true], "it is active: {scraped:?}");

    place.run(&["route", "remove", "/"]).ok();
    place.run(&["remove", "web"]).ok();
    let scraped = [metrics(&place), metrics(&place)];
    let counts = scraped
        .each_ref()
        .map(|text| text.contains(r#"component="web""#));
    assert_eq!(counts, [true, false], "it is gone: {scraped:?}");
}

fn metrics(place: &TestDir) -> String {
    let mut stream = std::os::unix::net::UnixStream::connect(place.state().join("admin.sock"))
        .expect("connected");
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Requests in progress are completed at shutdown.
#[test]
fn shutdown_completes_requests_in_progress() {
    let place = TestDir::new();
    let (mut process, address) = serve(&place, &[]);
    place
        .run(&["deploy", &guest_path("http-v1"), "--name", "web"])
        .ok();
    place.run(&["route", "set", "/", "web"]).ok();
    let answer = std::thread::spawn(move || get(address, "/sleep?500"));
    std::thread::sleep(std::time::Duration::from_millis(150));
    signal(&process.id(), "TERM");
    assert!(answer.join().expect("asked").contains("slept"));
    assert!(process.ends_soon());
}

#[test]
fn conflicting_options_are_reported() {
    let place = TestDir::new();
    let told = place
        .run(&["serve", "--listen", "127.0.0.1:0", "--tls-key", "key.pem"])
        .failed(2);
    assert!(told.contains("go together"), "{told}");
    let told = place.run(&["serve", "--access-log", "-"]).failed(2);
    assert!(told.contains("--listen"), "{told}");
    let tls = ["--tls-certificate", "none.pem", "--tls-key", "none.pem"];
    let told = place.run(&[&["serve", "--listen", "127.0.0.1:0"][..], &tls].concat());
    assert!(
        told.code != 0 && told.stderr.contains("none.pem"),
        "{told:?}"
    );
}
