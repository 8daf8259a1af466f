//! What one connection may take, and which HTTP it speaks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use super::answering::Answering;
use super::connections::Place;
use super::taking::Watch;
use super::tls::Tls;

/// How much of a head is read before it is refused for its size, in bytes: it may have as much
/// again, which came with the last of it.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// How many headers the head of a request may have.
const HEADERS_MAX: usize = 100;

/// How many requests of one HTTP/2 connection are answered at once.
const STREAMS_MAX: u32 = 200;

/// How much of an HTTP/2 answer waits in the host's memory for its client, in bytes.
const SEND_BYTES_MAX: usize = 64 << 10;

/// What a client of HTTP/2 says first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How soon it is looked again whether more of that has come; each time later, up to the last.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOK_AGAIN_LAST: Duration = Duration::from_millis(640);

pub(super) struct Connection {
    pub(super) tls: Option<Tls>,
    pub(super) answering: Arc<Answering>,
    /// How long its client may take.
    pub(super) patience: Duration,
    /// Becomes true when the server ends.
    pub(super) ending: watch::Receiver<bool>,
}

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

impl Connection {
    /// Serves it to its end, or until it has to give way to another. What goes wrong ends it, and
    /// is nobody else's business.
    pub(super) async fn serve(
        self,
        (stream, peer): (TcpStream, SocketAddr),
        place: Place,
        watcher: Watcher,
    ) {
        // What is answered in small pieces goes out at once.
        let _ = stream.set_nodelay(true);
        let place = Arc::new(place);
        let served = tokio::select! {
            served = self.shake_hands(stream, peer, Arc::clone(&place), watcher) => served,
            () = place.gives_way() => Err("gives way to another".into()),
        };
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "a connection ended");
        }
    }

    async fn shake_hands(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        place: Arc<Place>,
        watcher: Watcher,
    ) -> Outcome {
        match self.tls.clone() {
            None => match self.begin(version(&stream)).await {
                Some(version) => self.speak(version, stream, peer, place, watcher).await,
                None => Ok(()),
            },
            Some(tls) => match self.begin(tls.accept(stream)).await {
                Some(stream) => {
                    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let version = if is_http2 {
                        Version::Http2
                    } else {
                        Version::Http1
                    };
                    self.speak(version, stream, peer, place, watcher).await
                }
                None => Ok(()),
            },
        }
    }

    /// What comes before the first request, unless it takes too long or the server ends.
    async fn begin<T>(&self, first: impl Future<Output = io::Result<T>>) -> Option<T> {
        let mut ending = self.ending.clone();
        tokio::select! {
            begun = timeout(self.patience, first) => begun.ok()?.ok(),
            _ = ending.wait_for(|ending| *ending) => None,
        }
    }

    async fn speak(
        self,
        version: Version,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer: SocketAddr,
        place: Arc<Place>,
        watcher: Watcher,
    ) -> Outcome {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.patience));
        let answering = self.answering;
        let watch = (version == Version::Http2).then(Watch::new);
        let given_up = given_up(watch.clone(), self.patience);
        let service = service_fn(move |request| {
            let (answering, watched) = (Arc::clone(&answering), watch.as_ref().map(Watch::begin));
            let in_use = place.begin();
            async move {
                match in_use {
                    Some(in_use) => answering.answer(peer, request, watched, in_use).await,
                    // The connection is about to be closed.
                    None => std::future::pending().await,
                }
            }
        });
        let builder = builder(version, self.patience);
        tokio::select! {
            served = watcher.watch(builder.serve_connection(TokioIo::new(Box::pin(stream)), service)) => served,
            () = given_up => Ok(()),
        }
    }
}

/// Never resolves for a connection that is not watched.
async fn given_up(watch: Option<Arc<Watch>>, patience: Duration) {
    match watch {
        Some(watch) => watch.until_given_up(patience).await,
        None => std::future::pending().await,
    }
}

fn builder(version: Version, patience: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience)
        .max_send_buf_size(SEND_BYTES_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX);
    match version {
        Version::Http1 => builder.http1_only(),
        Version::Http2 => builder.http2_only(),
    }
}

/// Which HTTP a client speaks that has not been asked, by what it says first.
async fn version(stream: &TcpStream) -> io::Result<Version> {
    let mut again = LOOK_AGAIN;
    loop {
        let mut said = [0; PREFACE.len()];
        let bytes = stream.peek(&mut said).await?;
        if bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if said[..bytes] != PREFACE[..bytes] {
            return Ok(Version::Http1);
        }
        if bytes == PREFACE.len() {
            return Ok(Version::Http2);
        }
        sleep(again).await;
        again = (again * 2).min(LOOK_AGAIN_LAST);
    }
}
