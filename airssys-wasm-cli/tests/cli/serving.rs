//! The host process itself: startup, shutdown and access control.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::time::Instant;

use super::support::{TestDir, guest_path, signal};

#[test]
fn a_second_process_reports_the_one_that_holds_the_state() {
    let place = TestDir::new();
    let first = place.serve();
    let told = place.run(&["serve"]).failed(8);
    assert!(
        told.contains(&format!("is held by process {} (airssys-wasm)", first.id())),
        "{told}"
    );
    place.run(&["status"]).ok();
}

#[test]
fn a_leftover_socket_is_replaced() {
    let place = TestDir::new();
    place.serve().kill();
    assert!(
        place.state().join("admin.sock").exists(),
        "it was left over"
    );
    let (code, log) = place.serve().terminate();
    assert_eq!(code, 0, "{log}");
    assert!(!place.state().join("admin.sock").exists());
}

#[test]
fn other_files_and_active_sockets_are_not_replaced() {
    let place = TestDir::new();
    let file = place.path().join("file");
    std::fs::write(&file, b"mine").expect("written");
    let told = place
        .run(&["serve", "--socket", file.to_str().expect("text")])
        .failed(2);
    assert!(told.contains("not a socket"), "{told}");
    assert_eq!(std::fs::read(&file).expect("there"), b"mine");
    let other = place.path().join("other.sock");
    let _listener = UnixListener::bind(&other).expect("bound");
    let told = place
        .run(&["serve", "--socket", other.to_str().expect("text")])
        .failed(2);
    assert!(told.contains("another process is listening"), "{told}");
    let long = "x".repeat(200);
    let told = place.run(&["serve", "--socket", &long]).failed(2);
    assert!(told.contains("longer than"), "{told}");
}

#[test]
fn the_socket_is_accessible_only_to_its_owner() {
    let place = TestDir::new();
    let _process = place.serve();
    let mode = |path: &str| {
        std::fs::metadata(place.state().join(path))
            .expect("there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("admin.sock"), mode("")), (0o600, 0o700));
}

/// Another user is refused regardless of the file's mode. Only the superuser can run this check.
#[test]
fn another_user_is_refused() {
    let place = TestDir::new();
    let socket = place.path().join("open.sock");
    let _process = place.start(&["--socket", socket.to_str().expect("text")]);
    let begun = Instant::now();
    while !socket.exists() {
        assert!(begun.elapsed() < super::support::TIMEOUT);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let open = |path: &std::path::Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777))
            .expect("opened to all");
    };
    open(&socket);
    open(place.path());
    // Other users cannot access the directory of the original command.
    let command = place.path().join("airssys-wasm");
    std::fs::copy(env!("CARGO_BIN_EXE_airssys-wasm"), &command).expect("copied");
    open(&command);
    let mut as_nobody = std::process::Command::new(&command);
    as_nobody.args(["status", "--socket"]).arg(&socket);
    std::os::unix::process::CommandExt::uid(&mut as_nobody, 65_534);
    match as_nobody.output() {
        Ok(output) => assert_eq!(output.status.code(), Some(7), "{output:?}"),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
    }
    let own = place.run(&["status", "--socket", socket.to_str().expect("text")]);
    assert_eq!(own.code, 0, "{own:?}");
}

#[test]
fn shutdown_waits_for_calls_in_flight() {
    let place = TestDir::new();
    let process = place.serve();
    place
        .run(&["deploy", &guest_path("limits-sleep"), "--name", "sleeper"])
        .ok();
    let call = place
        .command(&["call", "sleeper", "sleep(700)"])
        .spawn()
        .expect("it runs");
    std::thread::sleep(std::time::Duration::from_millis(250));
    let (code, log) = process.terminate();
    assert_eq!(code, 0, "{log}");
    let output = call.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the call came to its end");
}

#[test]
fn shutdown_waits_at_most_for_the_drain_and_a_second_signal_skips_it() {
    let place = TestDir::new();
    for (drain, signals) in [("300ms", 1), ("60s", 2)] {
        let process = place.start(&["--drain", drain]);
        while place.run(&["status"]).code != 0 {}
        let _ = place.run(&["deploy", &guest_path("limits-sleep"), "--name", "sleeper"]);
        let mut call = place
            .command(&["call", "sleeper", "sleep(20000)"])
            .spawn()
            .expect("it runs");
        std::thread::sleep(std::time::Duration::from_millis(250));
        let begun = Instant::now();
        if signals == 2 {
            signal(&process.id(), "INT");
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        drop(process.terminate());
        assert!(begun.elapsed().as_secs() < 10);
        assert!(!call.wait().expect("it ends").success());
    }
}

#[test]
fn the_command_line_overrides_the_settings_file() {
    let place = TestDir::new();
    let (file, socket) = (
        place.path().join("settings.toml"),
        place.path().join("own.sock"),
    );
    let settings = format!("socket = {socket:?}\n[limits]\ncall-deadline = \"300ms\"\n");
    std::fs::write(&file, settings).expect("written");
    let _process = place.start(&["--settings", file.to_str().expect("text")]);
    let socket = socket.to_str().expect("text");
    place
        .run(&["status", "--socket", socket, "--wait", "10s"])
        .ok();
    place
        .run(&[
            "deploy",
            &guest_path("limits-sleep"),
            "--name",
            "sleeper",
            "--socket",
            socket,
        ])
        .ok();
    let told = place
        .run(&["call", "sleeper", "sleep(5000)", "--socket", socket])
        .failed(6);
    assert!(told.contains("300ms"), "{told}");
    std::fs::write(&file, "sockt = 1").expect("written");
    let told = place
        .run(&["serve", "--settings", file.to_str().expect("text")])
        .failed(2);
    assert!(told.contains("unknown field `sockt`"), "{told}");
    let told = place.run(&["serve", "--log-level", "loud"]).failed(2);
    assert!(told.contains("`loud` is not a log level"), "{told}");
}

#[test]
fn metrics_can_be_scraped() {
    use std::io::{Read as _, Write as _};
    let place = TestDir::new();
    let _process = place.serve();
    place.run(&["deploy", &guest_path("greeter-v1")]).ok();
    place.run(&["call", "greeter", "greet(\"Ada\")"]).ok();
    let mut stream = std::os::unix::net::UnixStream::connect(place.state().join("admin.sock"))
        .expect("it answers");
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    for line in [
        "airssys_wasm_deployments 1",
        "airssys_wasm_deployments_broken 0",
        "airssys_wasm_calls_admitted_total{component=\"greeter\",revision=\"1\"} 1",
        "airssys_wasm_revision{component=\"greeter\"} 1",
    ] {
        assert!(
            answer.lines().any(|found| found == line),
            "no `{line}` in:\n{answer}"
        );
    }
}

/// Interrupting a deploy cancels it.
#[test]
fn an_interrupted_deploy_leaves_the_host_process_unchanged() {
    let place = TestDir::new();
    let _process = place.serve();
    place.run(&["deploy", &guest_path("greeter-v1")]).ok();
    // Its start runs until the deadline.
    let mut deploy = place
        .command(&["deploy", &guest_path("start-spins"), "--name", "other"])
        .spawn()
        .expect("it runs");
    std::thread::sleep(std::time::Duration::from_millis(300));
    place
        .run(&["deploy", &guest_path("greeter-v1"), "--name", "other"])
        .failed(4);
    signal(&deploy.id().to_string(), "INT");
    assert!(!deploy.wait().expect("it ends").success());
    let begun = Instant::now();
    while place
        .run(&["deploy", &guest_path("greeter-v1"), "--name", "other"])
        .code
        != 0
    {
        assert!(begun.elapsed().as_secs() < 5, "its name is free again");
    }
    assert_eq!(
        place.run(&["call", "greeter", "greet(\"Ada\")"]).ok(),
        "\"Hello, Ada!\""
    );
}

/// The TCP listener requires the token and a loopback address.
#[test]
fn requests_over_tcp_need_the_token() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = TestDir::new();
    let token = place.path().join("token");
    std::fs::write(&token, "0123456789abcdef0123456789abcdef\n").expect("written");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).expect("set");
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|it| it.local_addr())
        .expect("one")
        .port();
    let address = format!("127.0.0.1:{port}");
    let refused = place
        .run(&["serve", "--tcp", "0.0.0.0:0", "--token-file", "token"])
        .failed(2);
    assert!(refused.contains("proxy with TLS"), "{refused}");
    assert!(place.run(&["serve", "--tcp", &address]).code == 2);
    let _process = place.start(&["--tcp", &address, "--token-file", "token"]);
    place.run(&["status", "--wait", "10s"]).ok();
    let over = |arguments: &[&str], token: &str| {
        let mut command = place.command(arguments);
        command
            .env("AIRSSYS_WASM_TCP", &address)
            .env("AIRSSYS_WASM_TOKEN_FILE", place.path().join(token));
        command.output().expect("it runs")
    };
    let deployed = over(&["deploy", &guest_path("greeter-v1")], "token");
    assert!(deployed.status.success(), "{deployed:?}");
    let called = over(&["call", "greeter", "greet(\"Ada\")"], "token");
    assert_eq!(String::from_utf8_lossy(&called.stdout), "\"Hello, Ada!\"\n");
    let other = place.path().join("other");
    std::fs::write(&other, "0123456789abcdef0123456789abcdeF").expect("written");
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o600)).expect("set");
    let refused = over(&["list"], "other");
    assert_eq!(refused.status.code(), Some(7), "{refused:?}");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("needs the token"),
        "{refused:?}"
    );
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).expect("set");
    let refused = over(&["list"], "token");
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("chmod 600"),
        "{refused:?}"
    );
}

/// Acts like systemd: opens the socket before the process starts, and waits for its notification.
#[test]
fn an_inherited_socket_is_served_and_readiness_is_notified() {
    let place = TestDir::new();
    std::fs::create_dir(place.state()).expect("made");
    let told = std::os::unix::net::UnixDatagram::bind(place.path().join("notify")).expect("bound");
    told.set_read_timeout(Some(super::support::TIMEOUT))
        .expect("set");
    let socket = place.path().join("handed.sock");
    let script = format!(
        "import os,socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.bind({socket:?})\ns.listen()\nos.dup2(s.fileno(),3)\nos.set_inheritable(3,True)\n\
         os.environ['LISTEN_PID']=str(os.getpid())\nos.environ['LISTEN_FDS']='1'\nos.execv({program:?},[{program:?},'serve'])",
        program = env!("CARGO_BIN_EXE_airssys-wasm"),
    );
    let mut command = std::process::Command::new("python3");
    command
        .args(["-c", &script])
        .env("AIRSSYS_WASM_STATE", place.state());
    command.env("NOTIFY_SOCKET", place.path().join("notify"));
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let process = super::support::HostProcess(command.spawn().expect("it runs"));
    let mut word = [0; 64];
    let length = told.recv(&mut word).expect("it notifies when it is ready");
    assert_eq!(word[..length].trim_ascii(), b"READY=1");
    let status = place
        .run(&["status", "--socket", socket.to_str().expect("text")])
        .ok();
    assert!(status.contains("deployments  0"), "{status}");
    let (code, log) = process.terminate();
    assert_eq!(code, 0, "{log}");
    let length = told
        .recv(&mut word)
        .expect("it notifies when it shuts down");
    assert_eq!(word[..length].trim_ascii(), b"STOPPING=1");
    assert!(
        socket.exists(),
        "it does not remove a socket that it did not create"
    );
}

#[test]
fn the_api_describes_itself() {
    let place = TestDir::new();
    let _process = place.serve();
    let page = place.run(&["reference", "--openapi"]).ok();
    let output = std::process::Command::new("curl")
        .args([
            "-s",
            "--unix-socket",
            place.state().join("admin.sock").to_str().expect("text"),
        ])
        .arg("http://localhost/v1/openapi.json")
        .output()
        .expect("curl is installed");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), page);
}
