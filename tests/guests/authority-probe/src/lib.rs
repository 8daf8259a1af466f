//! Really tries to reach everything, and reports the results.
//!
//! Each attempt is one line of the answer: its name, and `ok` with the data obtained or `err` with
//! the error that the guest received. An attempt that needs no grant (a count of nothing) is `ok`
//! as well; the test decides if that is right.

use std::fs;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package authority:probe;

    world authority-probe {
        export try-everything: func() -> list<tuple<string, result<string, string>>>;
    }
")]
struct Probe;

/// An attempt, which returns the data obtained or the error that the guest received.
type Attempt = fn() -> io::Result<String>;

impl Guest for Probe {
    fn try_everything() -> Vec<(String, Result<String, String>)> {
        let attempts: [(&str, Attempt); 10] = [
            ("read /etc/passwd", read_file),
            ("list /", list_root),
            ("create /tmp/airssys-probe", create_file),
            ("count environment variables", count_environment),
            ("count arguments", count_arguments),
            ("connect to tcp 127.0.0.1:9", connect),
            ("listen on tcp 127.0.0.1:0", listen),
            ("send to udp 127.0.0.1:9", send_datagram),
            ("look up localhost", look_up),
            ("read standard input", read_stdin),
        ];
        attempts
            .into_iter()
            .map(|(name, attempt)| (name.into(), attempt().map_err(|e| e.to_string())))
            .collect()
    }
}

fn read_file() -> io::Result<String> {
    fs::read_to_string("/etc/passwd").map(|text| format!("{} bytes", text.len()))
}

fn list_root() -> io::Result<String> {
    fs::read_dir("/").map(|entries| format!("{} entries", entries.count()))
}

fn create_file() -> io::Result<String> {
    fs::write("/tmp/airssys-probe", "probe").map(|()| "created".into())
}

fn count_environment() -> io::Result<String> {
    Ok(std::env::vars_os().count().to_string())
}

fn count_arguments() -> io::Result<String> {
    Ok(std::env::args_os().count().to_string())
}

fn connect() -> io::Result<String> {
    TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], 9))).map(|_| "connected".into())
}

fn listen() -> io::Result<String> {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).map(|_| "listening".into())
}

fn send_datagram() -> io::Result<String> {
    let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    socket
        .send_to(b"probe", SocketAddr::from(([127, 0, 0, 1], 9)))
        .map(|sent| format!("{sent} bytes sent"))
}

fn look_up() -> io::Result<String> {
    ("localhost", 9)
        .to_socket_addrs()
        .map(|found| format!("{} addresses", found.count()))
}

fn read_stdin() -> io::Result<String> {
    io::stdin()
        .read(&mut [0; 64])
        .map(|read| format!("{read} bytes"))
}
