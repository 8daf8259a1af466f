//! Clients that send half a request or nothing, on every listener of a host process.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use airssys_wasm_tests::process::raise_descriptor_limit;

use super::support::{HostProcess, TIMEOUT, TestDir, guest_path};
use super::web::{get, read_address};

/// The descriptor limit of the host process.
const DESCRIPTORS: usize = 256;

/// Connections to each listener: more than the process's descriptor limit.
const CLIENTS: usize = DESCRIPTORS + 50;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A host process with every kind of listener and a low descriptor limit.
struct ListeningHost {
    place: TestDir,
    process: HostProcess,
    web: SocketAddr,
    tcp: SocketAddr,
}

impl ListeningHost {
    fn new(client_timeout: &str) -> Self {
        let place = TestDir::new();
        let token = place.path().join("token");
        std::fs::write(&token, TOKEN).expect("written");
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).expect("set");
        let tcp = TcpListener::bind("127.0.0.1:0")
            .and_then(|it| it.local_addr())
            .expect("a port");
        let script = format!(
            "ulimit -n {DESCRIPTORS}; exec {program} serve --listen 127.0.0.1:0 --tcp {tcp} --token-file token --client-timeout {client_timeout}",
            program = env!("CARGO_BIN_EXE_airssys-wasm"),
        );
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .current_dir(place.path())
            .env("AIRSSYS_WASM_STATE", place.state());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let (process, web) = read_address(HostProcess(command.spawn().expect("it runs")));
        place.run(&["status", "--wait", "30s"]).ok();
        place
            .run(&["deploy", &guest_path("http-v1"), "--name", "web"])
            .ok();
        place.run(&["route", "set", "/", "web"]).ok();
        Self {
            place,
            process,
            web,
            tcp,
        }
    }

    fn socket(&self) -> UnixStream {
        UnixStream::connect(self.place.state().join("admin.sock")).expect("connected")
    }

    /// Checks that each listener responds on a new connection.
    fn assert_responsive(&self) {
        assert!(get(self.web, "/").contains("hello from 1.0.0"));
        self.place.run(&["status", "web"]).ok();
        let mut command = self.place.command(&["status", "web"]);
        command
            .env("AIRSSYS_WASM_TCP", self.tcp.to_string())
            .env("AIRSSYS_WASM_TOKEN_FILE", "token");
        let over_tcp = command.output().expect("it runs");
        assert!(over_tcp.status.success(), "{over_tcp:?}");
    }
}

fn over_tcp(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    // The server may have closed the connection already to make room for another.
    let _ = stream.write_all(sent.as_bytes());
    stream.set_read_timeout(Some(TIMEOUT)).expect("set");
    stream
}

#[test]
fn more_half_open_connections_than_descriptors_lock_no_client_out() {
    raise_descriptor_limit();
    let mut listening = ListeningHost::new("1h");
    for sent in ["GET / HT", ""] {
        let (mut tcp, mut unix) = (Vec::new(), Vec::new());
        for _ in 0..CLIENTS {
            tcp.push(over_tcp(listening.web, sent));
            tcp.push(over_tcp(listening.tcp, sent));
            let mut stream = listening.socket();
            let _ = stream.write_all(sent.as_bytes());
            unix.push(stream);
        }
        listening.assert_responsive();
    }
    assert!(!listening.process.has_ended());
}

#[test]
fn idle_keep_alive_connections_make_room_too() {
    raise_descriptor_limit();
    let listening = ListeningHost::new("1h");
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = over_tcp(listening.web, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200");
        clients.push(stream);
    }
    listening.assert_responsive();
}

#[test]
fn a_client_without_a_head_in_time_is_disconnected_on_every_listener() {
    let listening = ListeningHost::new("300ms");
    for sent in ["GET / HT", "GET /metrics HTTP/1.1\r\nhost: a\r\n"] {
        for address in [listening.web, listening.tcp] {
            let mut stream = over_tcp(address, sent);
            assert!(was_closed(stream.read_to_end(&mut Vec::new())), "{address}");
        }
        let mut stream = listening.socket();
        stream.write_all(sent.as_bytes()).expect("sent");
        stream.set_read_timeout(Some(TIMEOUT)).expect("set");
        assert!(was_closed(stream.read_to_end(&mut Vec::new())));
    }
    listening.assert_responsive();
}

/// A client without the token gets a response, and its connection is closed.
#[test]
fn a_client_without_a_token_does_not_keep_its_connection() {
    let listening = ListeningHost::new("1h");
    let mut stream = over_tcp(listening.tcp, "GET /v1/about HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is closed");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(
        answer.to_lowercase().contains("connection: close"),
        "{answer}"
    );
    // Over TCP, half a request times out regardless of `--client-timeout`.
    let mut stream = over_tcp(listening.tcp, "GET / HT");
    assert!(was_closed(stream.read_to_end(&mut Vec::new())));
}

/// Returns `true` if the peer closed the connection, and `false` if the read timed out.
fn was_closed(read: std::io::Result<usize>) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    read.map_or_else(
        |error| ![TimedOut, WouldBlock].contains(&error.kind()),
        |_| true,
    )
}
