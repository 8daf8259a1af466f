//! An HTTP/1.1 client that sends one request after another over a persistent connection.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Time after which the bench gives up waiting for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Time between an answer and the next request: a client that never pauses would measure how it
/// shares the processors with the server.
const PAUSE: Duration = Duration::from_millis(2);

/// A connection used for one request after another.
pub(crate) struct PersistentConnection<S>(BufReader<S>);

impl PersistentConnection<TcpStream> {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_nodelay(true).expect("set");
        stream.set_read_timeout(Some(TIMEOUT)).expect("set");
        Self::from_stream(stream)
    }
}

impl<S: Read + Write> PersistentConnection<S> {
    pub(crate) fn from_stream(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// Sends a request and reads the body of its answer.
    ///
    /// # Panics
    ///
    /// Panics if the status is not 200.
    pub(crate) fn get(&mut self, path: &str) -> Vec<u8> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0
            .get_mut()
            .write_all(request.as_bytes())
            .expect("sent");
        let head = self.head();
        assert!(head[0].starts_with("HTTP/1.1 200 "), "{path}: {head:?}");
        self.body(&head)
    }

    /// Requests a path until `is_over`, and returns the latency of each answer.
    pub(crate) fn latencies(&mut self, path: &str, is_over: impl Fn() -> bool) -> Vec<Duration> {
        let mut latencies = Vec::new();
        while !is_over() {
            let begun = Instant::now();
            self.get(path);
            latencies.push(begun.elapsed());
            thread::sleep(PAUSE);
        }
        latencies
    }

    /// Reads the lines of a head, in lower case except for the first.
    fn head(&mut self) -> Vec<String> {
        let mut head = vec![self.line()];
        loop {
            match self.line() {
                line if line.is_empty() => return head,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).expect("answered");
        assert!(read > 0, "the connection was closed");
        line.trim_end().to_owned()
    }

    fn body(&mut self, head: &[String]) -> Vec<u8> {
        let field = |name: &str| {
            head.iter()
                .find_map(|line| line.strip_prefix(name))
                .map(str::trim)
        };
        match field("content-length:") {
            Some(length) => self.bytes(length.parse().expect("a length")),
            None if field("transfer-encoding:") == Some("chunked") => self.chunks(),
            None => panic!("the length of the answer is unknown: {head:?}"),
        }
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(&self.line(), 16).expect("the length of a chunk");
            body.extend(self.bytes(length));
            assert!(self.line().is_empty(), "a chunk ends with its line");
            if length == 0 {
                return body;
            }
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).expect("answered");
        bytes
    }
}

/// Requests `/` with `clients` clients until `is_over`, and returns the latencies of all answers.
pub(crate) fn latencies_of_clients(
    address: SocketAddr,
    clients: usize,
    is_over: impl Fn() -> bool + Sync,
) -> Vec<Duration> {
    thread::scope(|scope| {
        let ask = || PersistentConnection::connect(address).latencies("/", &is_over);
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().expect("answers"))
            .collect()
    })
}
