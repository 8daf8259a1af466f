//! Serves the API to the connections of a listener, which may be no more than so many.
//!
//! Tests: the crate's `tests/cli/half_open`.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::http::{Connections, Place};
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

use super::ending::Ending;
use super::socket::OwnersSocket;

/// Connections of a listener of the API: as many, if there are descriptors for them.
const CONNECTIONS_MAX: usize = 256;

/// Which part of the descriptors that the process may open a listener of the API may use. Half of
/// them are for HTTP requests to components; what is left is for guests and the process itself.
const DESCRIPTORS_PART: usize = 16;

/// Connections that there may be however few descriptors there are.
const CONNECTIONS_MIN: usize = 8;

/// Accepts connections.
pub(super) trait Listener {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection; cancel safe.
    async fn accept(&self) -> io::Result<Self::Stream>;
}

impl Listener for TcpListener {
    type Stream = tokio::net::TcpStream;

    async fn accept(&self) -> io::Result<Self::Stream> {
        Ok(Self::accept(self).await?.0)
    }
}

impl Listener for OwnersSocket {
    type Stream = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<Self::Stream> {
        Self::accept(self).await
    }
}

/// Serves until the end begins; then waits for requests that are being answered. A client has
/// `patience` to send the head of a request.
pub(super) async fn serve(
    listener: impl Listener,
    router: Router,
    patience: Duration,
    ending: Ending,
) -> io::Result<()> {
    let connections = Connections::new(connections_max());
    let graceful = GracefulShutdown::new();
    let mut tasks = JoinSet::new();
    let mut until = pin!(ending.begun());
    loop {
        let (stream, place) = tokio::select! {
            biased;
            () = &mut until => break,
            accepted = connections.accept(|| listener.accept()) => accepted,
        };
        while tasks.try_join_next().is_some() {}
        tasks.spawn(connection(
            stream,
            place,
            router.clone(),
            patience,
            graceful.watcher(),
        ));
    }
    drop(listener);
    connections.close_unused();
    graceful.shutdown().await;
    Ok(())
}

/// Serves one connection to its end, or until it has to give way to another.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    place: Place,
    router: Router,
    patience: Duration,
    watcher: Watcher,
) {
    let place = Arc::new(place);
    let of_requests = Arc::clone(&place);
    let service = service_fn(move |request: Request<Incoming>| {
        let (mut router, in_use) = (router.clone(), of_requests.begin());
        async move {
            // The connection is about to be closed.
            let Some(in_use) = in_use else {
                return std::future::pending().await;
            };
            let answer: Result<Response, _> = router.call(request).await;
            // In use until the last byte was handed on.
            answer.map(|answer| {
                answer.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        let _ = &in_use;
                        frame
                    }))
                })
            })
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience);
    tokio::select! {
        // What goes wrong ends the connection, and is nobody else's business.
        _ = watcher.watch(builder.serve_connection(TokioIo::new(stream), service)) => {}
        () = place.gives_way() => {}
    }
}

/// How many connections a listener of the API has at most.
pub(super) fn connections_max() -> usize {
    let descriptors = getrlimit(Resource::Nofile)
        .current
        .and_then(|limit| usize::try_from(limit).ok());
    descriptors.map_or(CONNECTIONS_MAX, |limit| {
        (limit / DESCRIPTORS_PART).clamp(CONNECTIONS_MIN, CONNECTIONS_MAX)
    })
}
