//! The memory of ten thousand idle connections that were used once.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use airssys_wasm_host::Instancing;

use super::{ours, peer};
use crate::memory::{resident_bytes, resident_bytes_of};
use crate::report::{Goal, Row, Unit};

const CONNECTIONS: u32 = 10_000;

pub(crate) fn rows() -> Vec<Row> {
    let nobody: SocketAddr = ([127, 0, 0, 1], 1).into();
    let ours = ours::serve(Instancing::PerCall, nobody);
    let peer = peer::serve();
    crate::files::raise_descriptor_limit();
    let ours = memory_per_connection(ours.address, resident_bytes);
    let theirs = memory_per_connection(peer.address, || resident_bytes_of(peer.process()));
    vec![Row {
        name: "memory of an idle connection, one of 10,000".into(),
        guest: super::GUEST,
        peer: "wasmtime serve -Scli 48".into(),
        ours,
        theirs,
        unit: Unit::Bytes,
        goal: Goal::AtMost(32.0 * 1024.0),
    }]
}

/// Returns the memory that a server needs for each connection, beyond a few.
fn memory_per_connection(address: SocketAddr, resident: impl Fn() -> f64) -> f64 {
    let few = ConnectionHolder::start(address, 100);
    let before = resident();
    let many = ConnectionHolder::start(address, CONNECTIONS);
    let after = resident();
    drop((few, many));
    (after - before) / f64::from(CONNECTIONS)
}

/// A process that holds connections, which needs as many files as the server.
struct ConnectionHolder(Child);

impl ConnectionHolder {
    fn start(address: SocketAddr, connections: u32) -> Self {
        let mut this = Command::new(std::env::current_exe().expect("this program"));
        this.args([HOLD, &address.to_string(), &connections.to_string()]);
        let mut child = this
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut said = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout
            .read_line(&mut said)
            .expect("the process reports its connections");
        assert_eq!(said, "held\n", "{connections} connections are answered");
        Self(child)
    }
}

impl Drop for ConnectionHolder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

/// The argument that makes this program hold connections.
pub(crate) const HOLD: &str = "hold-connections";

/// Sends one request over each of `connections` connections, and holds them until stdin ends.
pub(crate) fn hold_connections(address: &str, connections: &str) {
    crate::files::raise_descriptor_limit();
    let connections: u32 = connections.parse().expect("a number");
    let held: Vec<TcpStream> = (0..connections).map(|_| use_once(address)).collect();
    println!("held");
    drop(std::io::stdin().read_to_end(&mut Vec::new()));
    drop(held);
}

fn use_once(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("connected");
    write!(stream, "GET / HTTP/1.1\r\nhost: {address}\r\n\r\n").expect("asked");
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello\n") && !answer.ends_with(b"0\r\n\r\n") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).expect("answered");
        assert!(
            read > 0,
            "the connection was closed after {}",
            String::from_utf8_lossy(&answer)
        );
        answer.extend_from_slice(&piece[..read]);
    }
    stream
}
