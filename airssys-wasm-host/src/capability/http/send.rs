//! Checks whether a request may be sent, and sends it to the addresses that were checked.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/http.rs`.

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

/// The time limit of each step, unless the guest sets one. The deadline of the call applies as
/// well.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The most bytes that a guest writes of a body at once. Several chunks may wait in the host's
/// memory to be read.
const PIECE_BYTES_MAX: usize = 64 << 10;

type Driving = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Driving), Error>;

/// The sender of an instance's requests.
pub(crate) struct Sender {
    authority: Arc<Authority>,
    rooms: Arc<Rooms>,
    clock: Arc<Clock>,
    pub(crate) call: CallId,
    /// `true` once the instance has ended.
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

/// A request in progress.
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
                // The server had just closed it.
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

    /// Takes a descriptor for a connection. If none is left, first closes the idle connections of
    /// the revision.
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

    /// Returns the output of a step, or `None` if it takes longer than `time`.
    async fn within<F: Future>(&self, time: Duration, step: Pin<&mut F>) -> Option<F::Output> {
        within(
            &self.clock,
            self.clock.now().plus(Ticks::lasting(time)),
            step,
        )
        .await
        .ok()
    }

    /// Sends a request, and waits for the head of its response.
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

    /// Returns the response for the guest, which is cut off when its permit ends. A connection is
    /// not reused if its server has responded before it had the whole request: the rest would be
    /// sent beside the next request, and without a permit.
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
            // `None` if the body was read to its end: the connection may already serve another
            // request.
            if let Some(closing) = closing.upgrade() {
                closing.end();
            }
            Err(Error::HttpRequestDenied)
        };
        (response, Box::new(driving))
    }
}

/// Parses the target of a request. Records a denial if it is malformed.
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

/// Asks for permission, resolves the name once, and asks again with every address of the name.
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
            // A name that may not be reached is not resolved.
            let refused = authority.ask(before, call).err();
            return Err(refused.map_or(Error::HttpRequestDenied, |reason| refusal(&reason)));
        }
        addresses = rooms.resolver.resolve(name).await.unwrap_or_default();
        addresses
            .iter_mut()
            .for_each(|address| *address = address.to_canonical());
        if addresses.is_empty() {
            // Decided and recorded, but there is no address to connect to.
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

/// Returns the declared length of a body.
pub(crate) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Returns the error that the guest receives.
fn refusal(reason: &Reason) -> Error {
    match reason {
        Reason::Blocked { .. } => Error::DestinationIpProhibited,
        _ => Error::HttpRequestDenied,
    }
}

/// Waits until a permit no longer holds.
async fn taken_back(authority: &Authority, permit: &mut Permit, call: CallId) {
    loop {
        authority.ended(permit).await;
        if !authority.still_allows(permit, call) {
            return;
        }
    }
}
