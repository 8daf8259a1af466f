//! An HTTP connection, over HTTP/1.1 or HTTP/2.
//!
//! Carries one request at a time, in HTTP/2 as well: a revoked permit closes its connection, and
//! must not end any other request.
//! Tests: `tests/suite/capabilities/http.rs`.

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
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::budget::BudgetLease;

/// A byte stream to a server, encrypted or not.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for T {}

/// A connection for one request at a time. Closed when dropped.
pub(super) struct ClientConnection {
    sender: RequestSender,
    pub(super) close_on_drop: CloseOnDrop,
    pub(super) address: IpAddr,
}

/// A request that failed before its response.
pub(super) struct SendFailure {
    /// The request, if no part of it was sent.
    pub(super) unsent: Option<Request<WasiBody>>,
    pub(super) error: Error,
}

impl From<Error> for SendFailure {
    fn from(error: Error) -> Self {
        Self {
            unsent: None,
            error,
        }
    }
}

/// The protocol that both sides of a connection have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AgreedProtocol {
    Http1,
    Http2,
}

enum RequestSender {
    Http1(http1::SendRequest<WasiBody>),
    Http2(http2::SendRequest<WasiBody>),
}

/// A guard that closes a connection when dropped.
pub(super) struct CloseOnDrop(ConnectionTasks);

impl CloseOnDrop {
    /// Returns the tasks of the connection, which can close it earlier.
    pub(super) fn tasks(&self) -> ConnectionTasks {
        self.0.clone()
    }
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The tasks that drive a connection and, in HTTP/2, send the bodies of its requests.
#[derive(Clone, Default)]
pub(super) struct ConnectionTasks(Arc<Mutex<JoinSet<()>>>);

impl ConnectionTasks {
    /// Closes the connection, with any request in progress.
    pub(super) fn close(&self) {
        self.0.lock().abort_all();
    }

    /// Closes the connection, and waits until its tasks have ended.
    async fn shut_down(&self) {
        let mut tasks = std::mem::take(&mut *self.0.lock());
        tasks.shutdown().await;
    }
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for ConnectionTasks {
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move { drop(task.await) });
    }
}

impl ClientConnection {
    /// Starts HTTP on a byte stream. The lease counts the descriptor until the connection is closed.
    pub(super) async fn open(
        transport: Box<dyn Transport>,
        address: IpAddr,
        protocol: AgreedProtocol,
        lease: BudgetLease,
    ) -> Result<Self, Error> {
        let transport = TokioIo::new(transport);
        // Errors of the connection are reported to the request that waits for its response.
        let tasks = ConnectionTasks::default();
        let close_on_drop = CloseOnDrop(tasks.clone());
        let sender = match protocol {
            AgreedProtocol::Http1 => {
                let (sender, driver) = http1::handshake(transport).await?;
                tasks.execute(drive_until_closed(driver, lease));
                RequestSender::Http1(sender)
            }
            AgreedProtocol::Http2 => {
                let (sender, driver) = http2::handshake(tasks.clone(), transport).await?;
                tasks.execute(drive_until_closed(driver, lease));
                RequestSender::Http2(sender)
            }
        };
        Ok(Self {
            sender,
            close_on_drop,
            address,
        })
    }

    /// Sends a request to its target, and waits for the head of the response.
    pub(super) async fn send(
        &mut self,
        request: Request<WasiBody>,
        target: &HttpTarget,
    ) -> Result<Response<Incoming>, SendFailure> {
        let response = match &mut self.sender {
            RequestSender::Http1(sender) => {
                sender.try_send_request(to_http1(request, target)?).await
            }
            RequestSender::Http2(sender) => {
                sender.try_send_request(to_http2(request, target)?).await
            }
        };
        response.map_err(|mut error| SendFailure {
            unsent: error.take_message(),
            error: error.into_error().into(),
        })
    }

    /// Closes the connection, and waits until it has returned its descriptor. A connection that its
    /// server has closed has done so already.
    pub(super) async fn close(self) {
        self.close_on_drop.0.shut_down().await;
    }

    /// Returns `true` if another request may be sent.
    pub(super) fn is_ready(&self) -> bool {
        match &self.sender {
            RequestSender::Http1(sender) => sender.is_ready(),
            RequestSender::Http2(sender) => sender.is_ready(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match &self.sender {
            RequestSender::Http1(sender) => sender.is_closed(),
            RequestSender::Http2(sender) => sender.is_closed(),
        }
    }

    /// Waits until another request may be sent. Returns `false` if none can be.
    pub(super) async fn ready(&mut self) -> bool {
        match &mut self.sender {
            RequestSender::Http1(sender) => sender.ready().await.is_ok(),
            RequestSender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }
}

/// Drives a connection, and holds its lease until it is closed.
async fn drive_until_closed(driver: impl Future<Output: Send> + Send, lease: BudgetLease) {
    drop(driver.await);
    drop(lease);
}

/// Prepares a request for HTTP/1.1, with host and path as they were parsed.
fn to_http1(
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

/// Prepares a request for HTTP/2, in which the host is part of the URI.
fn to_http2(
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
