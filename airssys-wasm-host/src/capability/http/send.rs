//! Asks whether a request may be sent, and sends it to where it asked about.
//!
//! Tests: the workspace's `tests/attacks` and `tests/suite/capabilities/http`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use airssys_wasm_core::policy::{HttpHost, HttpTarget, Operation, Reason};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep, timeout};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::connect::Connection;
use crate::capability::{Authority, Permit, Rooms};
use crate::observe::CallId;

/// How long each step may take if the guest says nothing. Its call's deadline holds
/// beside it.
const TIMEOUT: Duration = Duration::from_secs(600);

type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

/// Sends the requests of one instance.
pub(crate) struct Sender {
    authority: Arc<Authority>,
    rooms: Arc<Rooms>,
    pub(crate) call: CallId,
}

impl Sender {
    pub(super) fn new(authority: &Arc<Authority>, rooms: &Arc<Rooms>, call: CallId) -> Self {
        Self { authority: Arc::clone(authority), rooms: Arc::clone(rooms), call }
    }
}

impl WasiHttpHooks for Sender {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (authority, rooms, call) = (Arc::clone(&self.authority), Arc::clone(&self.rooms), self.call);
        Box::new(async move { send(&authority, &rooms, call, request, options.unwrap_or_default()).await })
    }
}

async fn send(
    authority: &Arc<Authority>,
    rooms: &Rooms,
    call: CallId,
    request: Request<WasiBody>,
    options: RequestOptions,
) -> Sent {
    let target = read(authority, call, &request)?;
    let (addresses, mut permit) = ask(authority, rooms, call, &target).await?;
    let connecting = rooms.connector.connect(&target, &addresses);
    let connect_timeout = options.connect_timeout.unwrap_or(TIMEOUT);
    let connection = tokio::select! {
        connection = timeout(connect_timeout, connecting) => connection.map_err(|_| Error::ConnectionTimeout)??,
        () = taken_back(authority, &mut permit, call) => return Err(Error::HttpRequestDenied),
    };
    exchange(authority, call, permit, connection, rewrite(request, &target)?, options).await
}

/// What the request is for, or its refusal.
fn read(authority: &Authority, call: CallId, request: &Request<WasiBody>) -> Result<HttpTarget, Error> {
    let url = request.uri().to_string();
    HttpTarget::parse(request.method().as_str(), &url).map_err(|error| {
        let reason = Reason::Malformed { problem: error.problem.to_owned() };
        let name = format!("{} {}", request.method(), url.split('?').next().unwrap_or_default());
        authority.refuse(&Operation::Custom { kind: "http".into(), target: name }, reason, call);
        Error::HttpRequestUriInvalid
    })
}

/// Asks, resolves once, and asks again with every address that the name has.
async fn ask(
    authority: &Authority,
    rooms: &Rooms,
    call: CallId,
    target: &HttpTarget,
) -> Result<(Vec<IpAddr>, Permit), Error> {
    let mut addresses = Vec::new();
    if let HttpHost::Name(name) = &target.host {
        let before = Operation::Http { target: target.clone(), addresses: Vec::new() };
        if !authority.would_allow(&before) {
            // Nobody is asked about a name that may not be reached.
            let refused = authority.ask(before, call).err();
            return Err(refused.map_or(Error::HttpRequestDenied, |reason| refusal(&reason)));
        }
        addresses = rooms.resolver.resolve(name).await.unwrap_or_default();
        addresses.iter_mut().for_each(|address| *address = address.to_canonical());
        if addresses.is_empty() {
            // It was asked about, which is on the record; there is nothing to connect to.
            authority.ask(before, call).map_err(|reason| refusal(&reason))?;
            return Err(Error::DnsError { rcode: None, info_code: None });
        }
    }
    let operation = Operation::Http { target: target.clone(), addresses: addresses.clone() };
    let permit = authority.ask(operation, call).map_err(|reason| refusal(&reason))?;
    if let HttpHost::Address(address) = target.host {
        addresses.push(address);
    }
    Ok((addresses, permit))
}

/// What the guest learns.
fn refusal(reason: &Reason) -> Error {
    match reason {
        Reason::Blocked { .. } => Error::DestinationIpProhibited,
        _ => Error::HttpRequestDenied,
    }
}

/// The request as it goes out: host and path as they were read.
fn rewrite(mut request: Request<WasiBody>, target: &HttpTarget) -> Result<Request<WasiBody>, Error> {
    let path: Uri = target.path_and_query().parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = HeaderValue::from_str(&target.authority()).map_err(|_| Error::HttpRequestUriInvalid)?;
    *request.uri_mut() = path;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

async fn exchange(
    authority: &Arc<Authority>,
    call: CallId,
    mut permit: Permit,
    connection: Box<dyn Connection>,
    request: Request<WasiBody>,
    options: RequestOptions,
) -> Sent {
    let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await?;
    let mut connection = Box::pin(connection);
    let first_byte = options.first_byte_timeout.unwrap_or(TIMEOUT);
    let response = {
        let mut sending = std::pin::pin!(timeout(first_byte, sender.send_request(request)));
        let mut is_open = true;
        loop {
            tokio::select! {
                // In this order, so that what is sent is written out at once.
                biased;
                response = &mut sending => break response.map_err(|_| Error::ConnectionReadTimeout)??,
                ended = &mut connection, if is_open => {
                    ended?;
                    is_open = false;
                }
                () = taken_back(authority, &mut permit, call) => return Err(Error::HttpRequestDenied),
            }
        }
    };
    let between_bytes = options.between_bytes_timeout.unwrap_or(TIMEOUT);
    let body = TimedBody::of(response, between_bytes);
    let authority = Arc::clone(authority);
    let driving = async move {
        tokio::select! {
            ended = connection => ended.map_err(Error::from),
            // Dropping the connection closes it, and ends the body.
            () = taken_back(&authority, &mut permit, call) => Err(Error::HttpRequestDenied),
        }
    };
    Ok((body, Box::new(driving)))
}

/// Waits until a permit is no longer good.
async fn taken_back(authority: &Authority, permit: &mut Permit, call: CallId) {
    loop {
        authority.ended(permit).await;
        if !authority.still_allows(permit, call) {
            return;
        }
    }
}

/// A body whose parts come in time.
struct TimedBody {
    incoming: Incoming,
    between_bytes: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl TimedBody {
    /// A response whose body is one.
    fn of(response: Response<Incoming>, between_bytes: Duration) -> Response<WasiBody> {
        response.map(|incoming| {
            Self { incoming, between_bytes, deadline: Box::pin(sleep(between_bytes)) }.boxed_unsync()
        })
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Ready(frame) => {
                let next = Instant::now() + self.between_bytes;
                self.deadline.as_mut().reset(next);
                Poll::Ready(frame.map(|frame| frame.map_err(Error::from)))
            }
            Poll::Pending => {
                self.deadline.as_mut().poll(context).map(|()| Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
