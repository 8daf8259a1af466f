//! A connection: its HTTP version, limits and timeouts.

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

/// The size in bytes at which a head that is still incomplete is rejected. A complete head may be
/// up to twice as large, as the last read may bring as much again.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// The maximum number of headers of a request.
const HEADERS_MAX: usize = 100;

/// The maximum number of concurrent requests of one HTTP/2 connection.
const STREAMS_MAX: u32 = 200;

/// The number of bytes of an HTTP/2 response that are buffered for the client.
const SEND_BYTES_MAX: usize = 64 << 10;

/// The connection preface of HTTP/2.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The interval at which the preface is checked; doubled each time, up to the maximum.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
const LOOK_AGAIN_LAST: Duration = Duration::from_millis(640);

pub(super) struct Connection {
    pub(super) tls: Option<Tls>,
    pub(super) answering: Arc<Answering>,
    /// Time that the client may take for each step.
    pub(super) patience: Duration,
    /// Becomes `true` when the server shuts down.
    pub(super) ending: watch::Receiver<bool>,
}

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Http1,
    Http2,
}

impl Connection {
    /// Serves the connection to its end, or until it must give way to another one. An error ends
    /// only this connection.
    pub(super) async fn serve(
        self,
        (stream, peer): (TcpStream, SocketAddr),
        place: Place,
        watcher: Watcher,
    ) {
        // Small pieces of a response are sent immediately.
        let _ = stream.set_nodelay(true);
        let place = Arc::new(place);
        let served = tokio::select! {
            served = self.shake_hands(stream, peer, Arc::clone(&place), watcher) => served,
            () = place.gives_way() => Err("closed in favor of another connection".into()),
        };
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "a connection ended with an error");
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

    /// Runs a step before the first request. Returns `None` if it fails, takes too long, or the
    /// server shuts down.
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

/// Resolves when the client is given up; never for a connection that is not watched.
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

/// Detects the HTTP version of a client without ALPN from its first bytes.
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
