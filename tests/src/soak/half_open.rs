//! Clients that send half a request and hold their connection, on every listener.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Connections that are held open where components are served, and on the socket: more than either
/// has places for, with 1,024 descriptors.
const HELD_WEB: usize = 600;
const HELD_SOCKET: usize = 80;

/// What they have sent.
const SENT: [&str; 3] = ["", "GET / HT", "GET / HTTP/1.1\r\nhost: localhost\r\n"];

/// How long they wait before one more connects to each.
const PAUSE: Duration = Duration::from_millis(5);

/// Connects, and closes the oldest connection when there are too many, until the process is gone.
/// Returns how many connected.
pub(super) fn run(web: SocketAddr, socket: &Path, is_ending: &AtomicBool) -> u64 {
    let (mut of_web, mut of_socket) = (VecDeque::new(), VecDeque::new());
    let mut connected = 0;
    for sent in SENT.into_iter().cycle() {
        let outcome = hold(&mut of_web, HELD_WEB, sent, || TcpStream::connect(web)).and(hold(
            &mut of_socket,
            HELD_SOCKET,
            sent,
            || UnixStream::connect(socket),
        ));
        match outcome {
            Ok(()) => connected += 2,
            Err(_) if is_ending.load(Ordering::Relaxed) => break,
            // Who gives way is the process's to decide.
            Err(_) => {}
        }
        thread::sleep(PAUSE);
    }
    connected
}

fn hold<S: Write>(
    held: &mut VecDeque<S>,
    held_max: usize,
    sent: &str,
    connect: impl FnOnce() -> io::Result<S>,
) -> io::Result<()> {
    if held.len() == held_max {
        held.pop_front();
    }
    let mut stream = connect()?;
    // It may have to give way already.
    let _ = stream.write_all(sent.as_bytes());
    held.push_back(stream);
    Ok(())
}
