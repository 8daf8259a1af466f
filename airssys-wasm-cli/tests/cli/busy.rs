//! Shutdown and API access of a host process whose threads, clients or log readers are stuck.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::support::{HostProcess, TIMEOUT, TestDir, guest_path, signal};
use super::web::serve;

/// Time a process with a drain of half a second may take to end.
const SOON: Duration = Duration::from_secs(10);

fn wait_for_exit(process: &mut HostProcess) -> i32 {
    let begun = Instant::now();
    loop {
        if let Some(status) = process.0.try_wait().expect("it can be asked") {
            return status.code().unwrap_or(-1);
        }
        assert!(begun.elapsed() < SOON, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts a host process that blocks when it logs, because its log is not read.
fn serve_with_full_log(place: &TestDir, drain: &str) -> (HostProcess, PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().expect("a pipe");
    let mut command = place.command(&["serve", "--drain", drain]);
    command.stderr(writer.try_clone().expect("another end"));
    let process = HostProcess(command.spawn().expect("it runs"));
    place.run(&["status", "--wait", "30s"]).ok();
    let flags = fcntl_getfl(&writer).expect("flags");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("set");
    for size in [4096, 1] {
        while writer.write(&vec![b'x'; size]).is_ok() {}
    }
    fcntl_setfl(&writer, flags).expect("set");
    (process, reader, writer)
}

#[test]
fn it_shuts_down_within_its_drain_with_an_unread_log() {
    let place = TestDir::new();
    let (mut process, _reader, _writer) = serve_with_full_log(&place, "500ms");
    signal(&process.id(), "TERM");
    assert_eq!(wait_for_exit(&mut process), 0);
}

#[test]
fn a_second_signal_ends_it_at_once_with_an_unread_log() {
    let place = TestDir::new();
    for kind in ["TERM", "INT"] {
        let (mut process, _reader, _writer) = serve_with_full_log(&place, "1h");
        signal(&process.id(), kind);
        // Two signals sent at the same time may be delivered as one.
        std::thread::sleep(Duration::from_millis(200));
        assert!(!process.has_ended(), "it waits for its log");
        signal(&process.id(), kind);
        assert_eq!(wait_for_exit(&mut process), 1);
    }
}

/// Sends bytes and reads nothing.
fn hold_socket(place: &TestDir, sent: &str) -> UnixStream {
    let mut stream = UnixStream::connect(place.state().join("admin.sock")).expect("connected");
    stream.write_all(sent.as_bytes()).expect("sent");
    stream
}

#[test]
fn it_shuts_down_within_its_drain_with_spinning_guests_and_stalled_clients() {
    let place = TestDir::new();
    let (mut process, address) = serve(&place, &["--drain", "500ms"]);
    place
        .run(&["deploy", &guest_path("http-v1"), "--name", "web"])
        .ok();
    place.run(&["route", "set", "/", "web"]).ok();
    place
        .run(&["deploy", &guest_path("limits-spin"), "--name", "spinner"])
        .ok();
    let spin = || {
        place
            .command(&["call", "spinner", "spin()"])
            .spawn()
            .expect("it runs")
    };
    let mut calls: Vec<Child> = (0..6).map(|_| spin()).collect();
    while !place
        .run(&["status", "spinner"])
        .ok()
        .contains("6 in flight")
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut reads_nothing = TcpStream::connect(address).expect("connected");
    reads_nothing
        .write_all(b"GET /big?900000000 HTTP/1.1\r\nhost: a\r\n\r\n")
        .expect("sent");
    let mut half = TcpStream::connect(address).expect("connected");
    half.write_all(b"GET / HT").expect("sent");
    let _half = hold_socket(&place, "GET / HT");
    let _follows = hold_socket(&place, "GET /v1/events HTTP/1.1\r\nhost: a\r\n\r\n");
    signal(&process.id(), "TERM");
    assert_eq!(wait_for_exit(&mut process), 0);
    for call in &mut calls {
        assert!(!call.wait().expect("it ends").success());
    }
}

/// Clients that have sent half a request do not delay the shutdown.
#[test]
fn half_sent_requests_do_not_delay_the_shutdown() {
    let place = TestDir::new();
    let (mut process, address) = serve(&place, &["--drain", "1h", "--client-timeout", "1h"]);
    let mut web = TcpStream::connect(address).expect("connected");
    web.write_all(b"GET / HT").expect("sent");
    let _silent = TcpStream::connect(address).expect("connected");
    let _half = hold_socket(&place, "GET / HT");
    let _silent = hold_socket(&place, "");
    // Connections are accepted in order: the ones above have been accepted after this.
    place.run(&["status"]).ok();
    signal(&process.id(), "TERM");
    assert_eq!(wait_for_exit(&mut process), 0);
}

/// A client that disconnects ends its call, although the call runs on another runtime.
#[test]
fn a_call_ends_with_its_client() {
    let place = TestDir::new();
    let _process = place.serve();
    place
        .run(&["deploy", &guest_path("limits-sleep"), "--name", "sleeper"])
        .ok();
    let mut call = place
        .command(&["call", "sleeper", "sleep(25000)"])
        .spawn()
        .expect("it runs");
    let status = |part: &str| {
        let begun = Instant::now();
        while !place.run(&["status", "sleeper"]).ok().contains(part) {
            assert!(begun.elapsed() < TIMEOUT, "{part}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    status("1 in flight");
    call.kill().expect("the client is killed");
    let _ = call.wait();
    let begun = Instant::now();
    status("0 in flight");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// Starts a call that takes longer than the test.
fn start_call(place: &TestDir) -> UnixStream {
    let call = r#"{"function": "sleep", "arguments": {"wave": "(25000)"}}"#;
    let stream = hold_socket(
        place,
        &format!(
            "POST /v1/deployments/sleeper/call HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{call}",
            call.len()
        ),
    );
    stream.set_read_timeout(Some(TIMEOUT)).expect("set");
    stream
}

/// Calls over the API must not occupy all of its connections: the operator must still be able to
/// inspect, revoke and remove.
#[test]
fn calls_and_followers_leave_connections_to_an_operator() {
    // With 256 descriptors there are 16 connections, 12 of them for long-running requests.
    const CALLS: usize = 10;
    let place = TestDir::new();
    let script = format!(
        "ulimit -n 256; exec {} serve",
        env!("CARGO_BIN_EXE_airssys-wasm")
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script])
        .current_dir(place.path())
        .env("AIRSSYS_WASM_STATE", place.state());
    let _process = HostProcess(command.stderr(Stdio::null()).spawn().expect("it runs"));
    place.run(&["status", "--wait", "30s"]).ok();
    place
        .run(&["deploy", &guest_path("limits-sleep"), "--name", "sleeper"])
        .ok();
    let _followers = ["/v1/events", "/v1/logs?follow=true"].map(|path| {
        let mut follower = hold_socket(&place, &format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n"));
        follower.read_exact(&mut [0; 12]).expect("it follows");
        follower
    });
    let mut calls: Vec<UnixStream> = (0..CALLS).map(|_| start_call(&place)).collect();
    let in_flight = |count: usize| {
        let begun = Instant::now();
        while !place
            .run(&["status", "sleeper"])
            .ok()
            .contains(&format!("{count} in flight"))
        {
            assert!(begun.elapsed() < TIMEOUT, "{count}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    in_flight(CALLS);
    let refused = place.run(&["call", "sleeper", "sleep(1)"]).failed(4);
    assert!(refused.contains("try again"), "{refused}");
    for _ in 0..10 {
        let mut answer = String::new();
        start_call(&place)
            .read_to_string(&mut answer)
            .expect("an answer");
        assert!(
            answer.starts_with("HTTP/1.1 503") && answer.contains("\"busy\""),
            "{answer}"
        );
        assert!(answer.contains("content-length"), "{answer}");
    }
    place
        .run(&["caps", "revoke", "sleeper", "file-read /d"])
        .ok();
    place.run(&["logs"]).ok();
    drop(calls.pop());
    in_flight(CALLS - 1);
    place.run(&["call", "sleeper", "sleep(1)"]).ok();
    drop(calls);
    place.run(&["remove", "sleeper"]).ok();
}
