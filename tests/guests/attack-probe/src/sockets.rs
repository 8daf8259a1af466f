//! Attempts on sockets through std: TCP, UDP, names.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

type Outcome = Result<String, String>;

thread_local! {
    static KEPT: RefCell<Option<TcpStream>> = const { RefCell::new(None) };
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| "not a port".to_owned())
}

pub fn connect(address: &str) -> Outcome {
    let address: SocketAddr = address.parse().map_err(told)?;
    talk(TcpStream::connect(address).map_err(told)?)
}

/// Connects by name, as a program does: looks it up and connects to the address returned.
pub fn connect_name(name: &str, port_text: &str) -> Outcome {
    talk(TcpStream::connect((name, port(port_text)?)).map_err(told)?)
}

fn talk(mut stream: TcpStream) -> Outcome {
    stream.write_all(b"probe").map_err(told)?;
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).map_err(told)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

/// Connects and holds the connection for later calls.
pub fn keep(address: &str) -> Outcome {
    let address: SocketAddr = address.parse().map_err(told)?;
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.write_all(b"probe").map_err(told)?;
    stream.read(&mut [0; 64]).map_err(told)?;
    KEPT.set(Some(stream));
    Ok("kept".into())
}

pub fn use_kept() -> Outcome {
    KEPT.with_borrow_mut(|kept| {
        let stream = kept.as_mut().ok_or("no connection is held")?;
        stream.write_all(b"again").map_err(told)?;
        let mut answer = [0; 64];
        match stream.read(&mut answer).map_err(told)? {
            0 => Err("the connection is closed".into()),
            length => Ok(String::from_utf8_lossy(&answer[..length]).into_owned()),
        }
    })
}

pub fn listen(address: &str) -> Outcome {
    let address: SocketAddr = address.parse().map_err(told)?;
    TcpListener::bind(address)
        .map_err(told)
        .map(|_| "listening".into())
}

pub fn bind_udp(address: &str) -> Outcome {
    let address: SocketAddr = address.parse().map_err(told)?;
    UdpSocket::bind(address)
        .map_err(told)
        .map(|_| "bound".into())
}

/// Binds `times` sockets and holds them.
pub fn bind_many(address: &str, times: &str) -> Outcome {
    let address: SocketAddr = address.parse().map_err(told)?;
    crate::hold(times, || UdpSocket::bind(address).map_err(told))
}

pub fn send(address: &str) -> Outcome {
    send_to(address.parse().map_err(told)?)
}

pub fn send_name(name: &str, port_text: &str) -> Outcome {
    let mut found = (name, port(port_text)?).to_socket_addrs().map_err(told)?;
    send_to(found.next().ok_or("no address")?)
}

fn send_to(address: SocketAddr) -> Outcome {
    let any: SocketAddr = if address.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).map_err(told)?;
    socket.send_to(b"probe", address).map_err(told)?;
    std::thread::sleep(Duration::from_millis(5));
    Ok("sent".into())
}

pub fn look_up(name: &str) -> Outcome {
    let found = (name, 80).to_socket_addrs().map_err(told)?;
    let addresses: Vec<String> = found.map(|address| address.ip().to_string()).collect();
    Ok(addresses.join(" "))
}
