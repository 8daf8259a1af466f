//! Clients that send half a request and keep the connection open, on every listener.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Connections held open to the HTTP listener and to the admin socket: more than either accepts
/// with 1,024 descriptors.
const HELD_WEB: usize = 600;
const HELD_SOCKET: usize = 80;

/// The partial requests that they send.
const SENT: [&str; 3] = ["", "GET / HT", "GET / HTTP/1.1\r\nhost: localhost\r\n"];

/// Pause before the next connection to each listener.
const PAUSE: Duration = Duration::from_millis(5);

/// Opens connections until the process has ended, and closes the oldest one when there are too
/// many. Returns the number of connections made.
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
            // The process decides which connections to close.
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
    // The process may have closed it already.
    let _ = stream.write_all(sent.as_bytes());
    held.push_back(stream);
    Ok(())
}
