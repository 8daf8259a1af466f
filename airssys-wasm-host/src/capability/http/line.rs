//! A connection, and which HTTP is spoken over it.
//!
//! One request at a time, in HTTP/2 as well: a permit that is taken back ends its connection, and
//! with it nobody else's request.
//! Tests: the workspace's `tests/suite/capabilities/http`.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use airssys_wasm_core::policy::HttpTarget;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response, Uri, Version, header};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use wasmtime_wasi_http::{Error, WasiBody};

use super::connect::Connection;
use crate::budget::Lease;

/// A connection for one request at a time. Dropped, it is closed.
pub(super) struct Line {
    sender: Sender,
    pub(super) closing: Closing,
    pub(super) address: IpAddr,
}

/// A request without an answer.
pub(super) struct Failure {
    /// The request, if nothing of it was sent.
    pub(super) unsent: Option<Request<WasiBody>>,
    pub(super) error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            unsent: None,
            error,
        }
    }
}

enum Sender {
    Http1(http1::SendRequest<WasiBody>),
    Http2(http2::SendRequest<WasiBody>),
}

/// Closes a connection when it is dropped.
pub(super) struct Closing(Tasks);

impl Closing {
    /// What closes it before.
    pub(super) fn tasks(&self) -> Tasks {
        self.0.clone()
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What drives a connection and, in HTTP/2, what sends the bodies of its requests.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    /// Closes the connection, whatever is under way.
    pub(super) fn end(&self) {
        self.0.lock().abort_all();
    }
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move { drop(task.await) });
    }
}

impl Line {
    /// Begins to speak HTTP to an address: HTTP/2 if both sides have agreed on it. The lease counts
    /// the descriptor until the connection is closed.
    pub(super) async fn open(
        connection: Box<dyn Connection>,
        address: IpAddr,
        is_http2: bool,
        lease: Lease,
    ) -> Result<Self, Error> {
        let connection = TokioIo::new(connection);
        // What goes wrong with it is told to whoever waits for an answer.
        let tasks = Tasks::default();
        let closing = Closing(tasks.clone());
        let sender = if is_http2 {
            let (sender, driver) = http2::handshake(tasks.clone(), connection).await?;
            tasks.execute(until_closed(driver, lease));
            Sender::Http2(sender)
        } else {
            let (sender, driver) = http1::handshake(connection).await?;
            tasks.execute(until_closed(driver, lease));
            Sender::Http1(sender)
        };
        Ok(Self {
            sender,
            closing,
            address,
        })
    }

    /// Sends a request to its target, and waits for the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<WasiBody>,
        target: &HttpTarget,
    ) -> Result<Response<Incoming>, Failure> {
        let answered = match &mut self.sender {
            Sender::Http1(sender) => sender.try_send_request(in_http1(request, target)?).await,
            Sender::Http2(sender) => sender.try_send_request(in_http2(request, target)?).await,
        };
        answered.map_err(|mut error| Failure {
            unsent: error.take_message(),
            error: error.into_error().into(),
        })
    }

    /// Whether another request may be sent.
    pub(super) fn is_ready(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_ready(),
            Sender::Http2(sender) => sender.is_ready(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => sender.is_closed(),
            Sender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Waits until another request may be sent. False if none can be.
    pub(super) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }
}

/// Drives a connection, which counts until it is closed.
async fn until_closed(driver: impl Future<Output: Send> + Send, lease: Lease) {
    drop(driver.await);
    drop(lease);
}

/// The request as it goes out: host and path as they were read.
fn in_http1(
    mut request: Request<WasiBody>,
    target: &HttpTarget,
) -> Result<Request<WasiBody>, Error> {
    let host =
        HeaderValue::from_str(&target.authority()).map_err(|_| Error::HttpRequestUriInvalid)?;
    *request.uri_mut() = target
        .path_and_query()
        .parse()
        .map_err(|_| Error::HttpRequestUriInvalid)?;
    *request.version_mut() = Version::HTTP_11;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

/// The same where the host is part of what is asked for.
fn in_http2(
    mut request: Request<WasiBody>,
    target: &HttpTarget,
) -> Result<Request<WasiBody>, Error> {
    let uri = Uri::builder()
        .scheme(if target.is_tls {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        })
        .authority(target.authority())
        .path_and_query(target.path_and_query());
    *request.uri_mut() = uri.build().map_err(|_| Error::HttpRequestUriInvalid)?;
    *request.version_mut() = Version::HTTP_2;
    request.headers_mut().remove(header::HOST);
    Ok(request)
}
