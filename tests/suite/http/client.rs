//! A client that sends requests over a socket, and the requests that it sends.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(super) type RequestBody = UnsyncBoxBody<Bytes, std::io::Error>;

pub(super) struct Client(http1::SendRequest<RequestBody>);

/// A response whose body has been read.
#[derive(Debug)]
pub(super) struct CollectedResponse {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    pub(super) trailers: HeaderMap,
}

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .expect("an HTTP/1 connection");
        tokio::spawn(connection);
        Self(sender)
    }

    pub(super) async fn begin(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        self.0.ready().await?;
        self.0.send_request(request).await
    }

    pub(super) async fn send(&mut self, request: Request<RequestBody>) -> CollectedResponse {
        let response = self.begin(request).await.expect("a head");
        collect(response).await.expect("a body")
    }

    pub(super) async fn get(&mut self, path: &str) -> CollectedResponse {
        self.send(request("GET", path, empty_body())).await
    }
}

pub(super) fn http2() -> http2::Builder<TokioExecutor> {
    http2::Builder::new(TokioExecutor::new())
}

/// Opens an HTTP/2 connection. The task ends when the other side closes it.
pub(super) async fn connect_http2(
    address: SocketAddr,
    http2: &http2::Builder<TokioExecutor>,
) -> (http2::SendRequest<RequestBody>, JoinHandle<()>) {
    let stream = TcpStream::connect(address).await.expect("connected");
    let (sender, connection) = http2
        .handshake(TokioIo::new(stream))
        .await
        .expect("an HTTP/2 connection");
    (sender, tokio::spawn(async move { drop(connection.await) }))
}

pub(super) async fn collect(
    response: Response<Incoming>,
) -> Result<CollectedResponse, hyper::Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?;
    let trailers = body.trailers().cloned().unwrap_or_default();
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(CollectedResponse {
        status: head.status,
        headers: head.headers,
        text,
        trailers,
    })
}

pub(super) fn request(method: &str, path: &str, body: RequestBody) -> Request<RequestBody> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    request.body(body).expect("a request")
}

/// Returns a request with its host in the URI, as in HTTP/2 and for services used without a socket.
pub(super) fn absolute_get(path: &str) -> Request<RequestBody> {
    Request::get(format!("http://localhost{path}"))
        .body(empty_body())
        .expect("a request")
}

pub(super) fn with_header(
    mut request: Request<RequestBody>,
    name: &'static str,
    value: &str,
) -> Request<RequestBody> {
    request
        .headers_mut()
        .insert(name, value.parse().expect("a value"));
    request
}

pub(super) fn empty_body() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

pub(super) fn full_body(bytes: impl Into<Bytes>) -> RequestBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Returns a body without a length, followed by the trailer `x-sum`.
pub(super) fn body_with_trailer(bytes: impl Into<Bytes>) -> RequestBody {
    let sum = (
        "x-sum".parse().expect("a name"),
        "3".parse().expect("a value"),
    );
    let frames = [
        Ok(Frame::data(bytes.into())),
        Ok(Frame::trailers([sum].into_iter().collect())),
    ];
    StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
}

/// Returns a body that is sent piece by piece.
pub(super) fn channel_body() -> (mpsc::Sender<Bytes>, RequestBody) {
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    let pieces = futures_util::stream::unfold(receiver, async |mut receiver| {
        Some((Ok(Frame::data(receiver.recv().await?)), receiver))
    });
    (sender, StreamBody::new(pieces.boxed()).boxed_unsync())
}

/// Returns the body that the guests generate and check.
pub(super) fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (place % 251) as u8).collect()
}
