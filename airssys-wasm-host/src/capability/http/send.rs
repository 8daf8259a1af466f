//! Asks whether a request may be sent, and sends it to where it asked about.
//!
//! Tests: the workspace's `tests/attacks` and `tests/suite/capabilities/http`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airssys_wasm_core::policy::{HttpHost, HttpTarget, Operation, Reason};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::Gone;
use super::body::{TimedBody, Uploading};
use super::line::{Failure, Line};
use super::pool::Place;
use crate::budget::{DeploymentShare, Lease};
use crate::call::within;
use crate::capability::descriptor::take_descriptor;
use crate::capability::{Authority, Permit, Rooms};
use crate::engine::{Clock, Ticks};
use crate::observe::CallId;

/// How long each step may take if the guest says nothing. Its call's deadline holds
/// beside it.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What a guest writes of a body at once: some pieces wait for whoever reads, in the host's memory.
const PIECE_BYTES_MAX: usize = 64 << 10;

type Driving = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Driving), Error>;

/// Sends the requests of one instance.
pub(crate) struct Sender {
    authority: Arc<Authority>,
    rooms: Arc<Rooms>,
    clock: Arc<Clock>,
    pub(crate) call: CallId,
    /// Whether the instance is gone.
    is_gone: Arc<AtomicBool>,
}

impl Sender {
    pub(super) fn new(
        authority: &Arc<Authority>,
        rooms: &Arc<Rooms>,
        clock: &Arc<Clock>,
        call: CallId,
        gone: &Gone,
    ) -> Self {
        let (authority, rooms, clock) =
            (Arc::clone(authority), Arc::clone(rooms), Arc::clone(clock));
        Self {
            authority,
            rooms,
            clock,
            call,
            is_gone: Arc::clone(&gone.0),
        }
    }
}

impl WasiHttpHooks for Sender {
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE_BYTES_MAX
    }

    #[cfg(feature = "http")]
    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        PIECE_BYTES_MAX
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let sending = Sending {
            authority: Arc::clone(&self.authority),
            rooms: Arc::clone(&self.rooms),
            clock: Arc::clone(&self.clock),
            call: self.call,
            is_gone: Arc::clone(&self.is_gone),
            options: options.unwrap_or_default(),
        };
        Box::new(sending.send(request))
    }
}

/// One request under way.
struct Sending {
    authority: Arc<Authority>,
    rooms: Arc<Rooms>,
    clock: Arc<Clock>,
    call: CallId,
    is_gone: Arc<AtomicBool>,
    options: RequestOptions,
}

impl Sending {
    async fn send(self, request: Request<WasiBody>) -> Sent {
        let target = read(&self.authority, self.call, &request)?;
        let (addresses, mut permit) = ask(&self.authority, &self.rooms, self.call, &target).await?;
        let is_taken = Arc::<AtomicBool>::default();
        let length = length(request.headers());
        let mut request = request.map(|body| {
            Uploading::new(
                body,
                length,
                Arc::clone(&is_taken),
                Arc::clone(&self.is_gone),
            )
            .boxed_unsync()
        });
        let place = Place::of(&target);
        while let Some(line) = self.rooms.connections.take(&place, &addresses) {
            match self.exchange(&mut permit, line, request, &target).await {
                // The other side had just closed it.
                Err(Failure {
                    unsent: Some(back), ..
                }) => request = back,
                Err(failure) => return Err(failure.error),
                Ok((response, line)) => {
                    return Ok(self.answer(permit, response, line, is_taken, place));
                }
            }
        }
        let line = self.connect(&mut permit, &target, &addresses).await?;
        let (response, line) = self
            .exchange(&mut permit, line, request, &target)
            .await
            .map_err(|failure| failure.error)?;
        Ok(self.answer(permit, response, line, is_taken, place))
    }

    async fn connect(
        &self,
        permit: &mut Permit,
        target: &HttpTarget,
        addresses: &[IpAddr],
    ) -> Result<Line, Error> {
        let lease = self.lease(permit).await?;
        let connecting = pin!(self.rooms.connector.connect(target, addresses, lease));
        let time = self.options.connect_timeout.unwrap_or(TIMEOUT);
        tokio::select! {
            biased;
            line = self.within(time, connecting) => line.ok_or(Error::ConnectionTimeout)?,
            () = taken_back(&self.authority, permit, self.call) => Err(Error::HttpRequestDenied),
        }
    }

    /// Takes a descriptor for a connection. If none is left, those give way that wait for another
    /// request of the same component.
    async fn lease(&self, permit: &Permit) -> Result<Lease, Error> {
        let share = &self.rooms.share;
        if let Ok(lease) = Lease::take(share, DeploymentShare::descriptors) {
            return Ok(lease);
        }
        let mut freed = pin!(share.descriptors().freed());
        freed.as_mut().enable();
        if self.rooms.connections.clear() > 0 {
            freed.await;
        }
        let lease = take_descriptor(share, &self.authority, permit.operation(), self.call);
        lease.ok_or(Error::ConnectionLimitReached)
    }

    /// What a step gives, if it takes no longer.
    async fn within<F: Future>(&self, time: Duration, step: Pin<&mut F>) -> Option<F::Output> {
        within(
            &self.clock,
            self.clock.now().plus(Ticks::lasting(time)),
            step,
        )
        .await
        .ok()
    }

    /// Sends a request and waits for the head of its answer.
    async fn exchange(
        &self,
        permit: &mut Permit,
        mut line: Line,
        request: Request<WasiBody>,
        target: &HttpTarget,
    ) -> Result<(Response<Incoming>, Line), Failure> {
        let time = self.options.first_byte_timeout.unwrap_or(TIMEOUT);
        let response = {
            let answering = pin!(line.send(request, target));
            tokio::select! {
                biased;
                response = self.within(time, answering) => response.ok_or(Error::ConnectionReadTimeout)?,
                () = taken_back(&self.authority, permit, self.call) => return Err(Error::HttpRequestDenied.into()),
            }
        };
        Ok((response?, line))
    }

    /// What the guest gets: the answer, which is cut off when its permit ends. A connection whose
    /// server has answered before it had all of the request is not kept: what is left of that would
    /// go on beside the next, and without a permit.
    fn answer(
        self,
        mut permit: Permit,
        response: Response<Incoming>,
        line: Line,
        is_taken: Arc<AtomicBool>,
        place: Place,
    ) -> (Response<WasiBody>, Driving) {
        let in_use = Arc::new(line.closing.tasks());
        let closing = Arc::downgrade(&in_use);
        let between_bytes = Ticks::lasting(self.options.between_bytes_timeout.unwrap_or(TIMEOUT));
        let end = Box::new({
            let connections = Arc::clone(&self.rooms.connections);
            move || {
                drop(in_use);
                if is_taken.load(Ordering::SeqCst) {
                    connections.keep(place, line);
                }
            }
        });
        let response = response
            .map(|body| TimedBody::new(body, &self.clock, between_bytes, end).boxed_unsync());
        let driving = async move {
            taken_back(&self.authority, &mut permit, self.call).await;
            // None: the body was read to its end, and the connection may be another's.
            if let Some(closing) = closing.upgrade() {
                closing.end();
            }
            Err(Error::HttpRequestDenied)
        };
        (response, Box::new(driving))
    }
}

/// What the request is for, or its refusal.
fn read(
    authority: &Authority,
    call: CallId,
    request: &Request<WasiBody>,
) -> Result<HttpTarget, Error> {
    let url = request.uri().to_string();
    HttpTarget::parse(request.method().as_str(), &url).map_err(|error| {
        let reason = Reason::Malformed {
            problem: error.problem.to_owned(),
        };
        let name = format!(
            "{} {}",
            request.method(),
            url.split('?').next().unwrap_or_default()
        );
        authority.refuse(
            &Operation::Custom {
                kind: "http".into(),
                target: name,
            },
            reason,
            call,
        );
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
        let before = Operation::Http {
            target: target.clone(),
            addresses: Vec::new(),
        };
        if !authority.would_allow(&before) {
            // Nobody is asked about a name that may not be reached.
            let refused = authority.ask(before, call).err();
            return Err(refused.map_or(Error::HttpRequestDenied, |reason| refusal(&reason)));
        }
        addresses = rooms.resolver.resolve(name).await.unwrap_or_default();
        addresses
            .iter_mut()
            .for_each(|address| *address = address.to_canonical());
        if addresses.is_empty() {
            // It was asked about, which is on the record; there is nothing to connect to.
            authority
                .ask(before, call)
                .map_err(|reason| refusal(&reason))?;
            return Err(Error::DnsError {
                rcode: None,
                info_code: None,
            });
        }
    }
    let operation = Operation::Http {
        target: target.clone(),
        addresses: addresses.clone(),
    };
    let permit = authority
        .ask(operation, call)
        .map_err(|reason| refusal(&reason))?;
    if let HttpHost::Address(address) = target.host {
        addresses.push(address);
    }
    Ok((addresses, permit))
}

/// How long a body is said to be.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What the guest learns.
fn refusal(reason: &Reason) -> Error {
    match reason {
        Reason::Blocked { .. } => Error::DestinationIpProhibited,
        _ => Error::HttpRequestDenied,
    }
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
