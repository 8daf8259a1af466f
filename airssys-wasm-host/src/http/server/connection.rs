//! A connection: its HTTP version, limits and timeouts.
//!
//! Tests: `tests/suite/http/slow_clients.rs`, `tests/suite/http/half_open.rs`.

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

use super::client_progress::ClientWatch;
use super::connections::ConnectionSlot;
use super::request_handler::RequestHandler;
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
const PEEK_INTERVAL: Duration = Duration::from_millis(5);
const PEEK_INTERVAL_MAX: Duration = Duration::from_millis(640);

pub(super) struct ServerConnection {
    pub(super) tls: Option<Tls>,
    pub(super) handler: Arc<RequestHandler>,
    /// Time that the client may take for each step.
    pub(super) client_timeout: Duration,
    /// Becomes `true` when the server shuts down.
    pub(super) shutdown: watch::Receiver<bool>,
}

type ConnectionResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum HttpVersion {
    Http1,
    Http2,
}

impl ServerConnection {
    /// Serves the connection to its end, or until it is evicted for another one. An error ends
    /// only this connection.
    pub(super) async fn serve(
        self,
        (stream, peer): (TcpStream, SocketAddr),
        slot: ConnectionSlot,
        watcher: Watcher,
    ) {
        // Small pieces of a response are sent immediately.
        let _ = stream.set_nodelay(true);
        let slot = Arc::new(slot);
        let served = tokio::select! {
            served = self.handshake(stream, peer, Arc::clone(&slot), watcher) => served,
            () = slot.evicted() => Err("closed in favor of another connection".into()),
        };
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "a connection ended with an error");
        }
    }

    async fn handshake(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        slot: Arc<ConnectionSlot>,
        watcher: Watcher,
    ) -> ConnectionResult {
        match self.tls.clone() {
            None => match self.run_first_step(detect_version(&stream)).await {
                Some(version) => self.serve_http(version, stream, peer, slot, watcher).await,
                None => Ok(()),
            },
            Some(tls) => match self.run_first_step(tls.accept(stream)).await {
                Some(stream) => {
                    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let version = if is_http2 {
                        HttpVersion::Http2
                    } else {
                        HttpVersion::Http1
                    };
                    self.serve_http(version, stream, peer, slot, watcher).await
                }
                None => Ok(()),
            },
        }
    }

    /// Runs a step before the first request. Returns `None` if it fails, takes too long, or the
    /// server shuts down.
    async fn run_first_step<T>(&self, step: impl Future<Output = io::Result<T>>) -> Option<T> {
        let mut shutdown = self.shutdown.clone();
        tokio::select! {
            result = timeout(self.client_timeout, step) => result.ok()?.ok(),
            _ = shutdown.wait_for(|has_begun| *has_begun) => None,
        }
    }

    async fn serve_http(
        self,
        version: HttpVersion,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        peer: SocketAddr,
        slot: Arc<ConnectionSlot>,
        watcher: Watcher,
    ) -> ConnectionResult {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.client_timeout));
        let handler = self.handler;
        let watch = (version == HttpVersion::Http2).then(ClientWatch::new);
        let stalled = client_stalled(watch.clone(), self.client_timeout);
        let service = service_fn(move |request| {
            let handler = Arc::clone(&handler);
            let watch = watch.as_ref().map(ClientWatch::begin);
            let active = slot.begin_request();
            async move {
                match active {
                    Some(active) => handler.handle(peer, request, watch, active).await,
                    // The connection is about to be closed.
                    None => std::future::pending().await,
                }
            }
        });
        let builder = builder(version, self.client_timeout);
        tokio::select! {
            served = watcher.watch(builder.serve_connection(TokioIo::new(Box::pin(stream)), service)) => served,
            () = stalled => Ok(()),
        }
    }
}

/// Resolves when the client has stalled; never for a connection that is not watched.
async fn client_stalled(watch: Option<Arc<ClientWatch>>, client_timeout: Duration) {
    match watch {
        Some(watch) => watch.wait_until_stalled(client_timeout).await,
        None => std::future::pending().await,
    }
}

fn builder(version: HttpVersion, client_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(client_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(client_timeout)
        .max_send_buf_size(SEND_BYTES_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX);
    match version {
        HttpVersion::Http1 => builder.http1_only(),
        HttpVersion::Http2 => builder.http2_only(),
    }
}

/// Detects the HTTP version of a client without ALPN from its first bytes.
async fn detect_version(stream: &TcpStream) -> io::Result<HttpVersion> {
    let mut interval = PEEK_INTERVAL;
    loop {
        let mut received = [0; PREFACE.len()];
        let bytes = stream.peek(&mut received).await?;
        if bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if received[..bytes] != PREFACE[..bytes] {
            return Ok(HttpVersion::Http1);
        }
        if bytes == PREFACE.len() {
            return Ok(HttpVersion::Http2);
        }
        sleep(interval).await;
        interval = (interval * 2).min(PEEK_INTERVAL_MAX);
    }
}
