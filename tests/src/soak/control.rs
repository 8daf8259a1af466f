//! The control: a process that does nothing but answer requests, as a measure of the delays that
//! the machine alone causes.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nhello\n";

/// Answers HTTP requests on a loopback address until standard input ends. Writes the address to
/// standard output.
///
/// # Errors
///
/// Fails if the process cannot listen.
pub fn answer_as_control() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    thread::spawn(move || {
        // A client that disconnects does not matter.
        listener
            .incoming()
            .flatten()
            .for_each(|stream| drop(answer(stream)));
    });
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let (mut head, mut bytes) = (Vec::new(), [0; 1024]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => head.extend_from_slice(&bytes[..count]),
        }
    }
    stream.write_all(ANSWER)
}

/// The control process, which is killed when dropped.
pub(super) struct ControlProcess {
    process: Child,
    address: SocketAddr,
}

impl ControlProcess {
    /// # Panics
    ///
    /// Panics if the process does not start.
    pub(super) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the control runs");
        let stdout = process.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the control writes its address");
        Self {
            process,
            address: line.trim().parse().expect("the control writes an address"),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ControlProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
