//! Serves the API on a listener, with a limited number of connections.
//!
//! Tests: `airssys-wasm-cli/tests/cli/half_open.rs`.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::http::{ConnectionSlot, Connections};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_service::Service as _;

use super::shutdown::Shutdown;
use super::socket::OwnerSocket;

/// Maximum number of connections to one API listener, if there are enough file descriptors.
const CONNECTIONS_MAX: usize = 256;

/// Divisor of the process's file descriptor limit: an API listener may use one part of this many.
/// Half of the descriptors are for HTTP requests to components; the rest are for guests and the
/// process itself.
const DESCRIPTORS_DIVISOR: usize = 16;

/// Minimum number of connections, regardless of the descriptor limit.
const CONNECTIONS_MIN: usize = 8;

/// A listener that accepts connections.
pub(super) trait Listener {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Accepts the next connection. Cancel safe.
    async fn accept(&self) -> io::Result<Self::Stream>;
}

impl Listener for TcpListener {
    type Stream = tokio::net::TcpStream;

    async fn accept(&self) -> io::Result<Self::Stream> {
        Ok(Self::accept(self).await?.0)
    }
}

impl Listener for OwnerSocket {
    type Stream = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<Self::Stream> {
        Self::accept(self).await
    }
}

/// Serves until the shutdown begins, then waits for the requests in progress. A client must send
/// the head of a request within `client_timeout`. Fails if the listener fails permanently.
pub(super) async fn serve(
    listener: impl Listener,
    router: Router,
    client_timeout: Duration,
    shutdown: Shutdown,
) -> io::Result<()> {
    let connections = Connections::new(connections_max());
    let graceful = GracefulShutdown::new();
    let mut tasks = JoinSet::new();
    let mut until = pin!(shutdown.started());
    let outcome = loop {
        let accepted = tokio::select! {
            biased;
            () = &mut until => break Ok(()),
            accepted = connections.accept(|| listener.accept()) => accepted,
        };
        let (stream, slot) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => break Err(error),
        };
        while tasks.try_join_next().is_some() {}
        tasks.spawn(serve_connection(
            stream,
            slot,
            router.clone(),
            client_timeout,
            graceful.watcher(),
        ));
    };
    drop(listener);
    connections.close_unused();
    graceful.shutdown().await;
    outcome
}

/// Serves a connection until it ends, or must be closed to make room for another one.
async fn serve_connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    slot: ConnectionSlot,
    router: Router,
    client_timeout: Duration,
    watcher: Watcher,
) {
    let slot = Arc::new(slot);
    let used = Arc::clone(&slot);
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut router, in_use) = (router.clone(), used.begin_request());
        async move {
            // The connection is about to be closed.
            let Some(in_use) = in_use else {
                return std::future::pending().await;
            };
            let response: Result<Response, _> = router.call(request).await;
            response.map(|response| hold_until_sent(response, in_use))
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(client_timeout);
    tokio::select! {
        // An error ends only this connection.
        _ = watcher.watch(builder.serve_connection(TokioIo::new(stream), service)) => {}
        () = slot.evicted() => {}
    }
}

/// Holds a value until the last byte of the body was passed on.
pub(super) fn hold_until_sent(response: Response, value: impl Send + 'static) -> Response {
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &value;
            frame
        }))
    })
}

/// Returns the maximum number of connections to an API listener.
pub(super) fn connections_max() -> usize {
    let descriptors = getrlimit(Resource::Nofile)
        .current
        .and_then(|limit| usize::try_from(limit).ok());
    descriptors.map_or(CONNECTIONS_MAX, |limit| {
        (limit / DESCRIPTORS_DIVISOR).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
    })
}
