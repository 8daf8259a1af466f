//! Checks whether a request may be sent, and sends it to the addresses that were checked.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/http.rs`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airssys_wasm_core::policy::{DenialReason, HttpHost, HttpTarget, Operation};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::body::{TimedBody, UploadBody};
use super::connection::{ClientConnection, SendFailure};
use super::open::OutgoingHttpState;
use super::pool::Origin;
use crate::budget::{BudgetLease, DeploymentShare};
use crate::capability::contract::{Caller, InstanceOpening};
use crate::capability::descriptor::take_descriptor;
use crate::capability::{Authority, Permit, Resolver};
use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::observe::CallId;

/// The time limit of each step, unless the guest sets one. The deadline of the call applies as
/// well.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The most bytes that a guest writes of a body at once. Several chunks may wait in the host's
/// memory to be read.
const PIECE_BYTES_MAX: usize = 64 << 10;

type ResponseDriver = Box<dyn Future<Output = Result<(), Error>> + Send>;
type SendResult = Result<(Response<WasiBody>, ResponseDriver), Error>;

/// The sender of an instance's requests.
pub(super) struct HttpSender {
    revision: Arc<OutgoingHttpState>,
    caller: Caller,
    has_instance_ended: Arc<AtomicBool>,
}

impl HttpSender {
    pub(super) fn new(revision: &Arc<OutgoingHttpState>, opening: &InstanceOpening<'_>) -> Self {
        Self {
            revision: Arc::clone(revision),
            caller: opening.caller.clone(),
            has_instance_ended: opening.lifetime.ended(),
        }
    }
}

impl WasiHttpHooks for HttpSender {
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
    ) -> Box<dyn Future<Output = SendResult> + Send> {
        let sending = OutgoingRequest {
            authority: Arc::clone(&self.caller.authority),
            revision: Arc::clone(&self.revision),
            call: self.caller.call(),
            has_instance_ended: Arc::clone(&self.has_instance_ended),
            options: options.unwrap_or_default(),
        };
        Box::new(sending.send(request))
    }
}

/// A request in progress.
struct OutgoingRequest {
    authority: Arc<Authority>,
    revision: Arc<OutgoingHttpState>,
    call: CallId,
    has_instance_ended: Arc<AtomicBool>,
    options: RequestOptions,
}

impl OutgoingRequest {
    async fn send(self, request: Request<WasiBody>) -> SendResult {
        let target = parse_target(&self.authority, self.call, &request)?;
        let (addresses, mut permit) = authorize(
            &self.authority,
            &*self.revision.resolver,
            self.call,
            &target,
        )
        .await?;
        let is_taken = Arc::<AtomicBool>::default();
        let length = content_length(request.headers());
        let mut request = request.map(|body| {
            UploadBody::new(
                body,
                length,
                Arc::clone(&is_taken),
                Arc::clone(&self.has_instance_ended),
            )
            .boxed_unsync()
        });
        let place = Origin::from_target(&target);
        while let Some(line) = self.revision.connections.take(&place, &addresses) {
            match self.exchange(&mut permit, line, request, &target).await {
                // The server had just closed it.
                Err(SendFailure {
                    unsent: Some(back), ..
                }) => request = back,
                Err(failure) => return Err(failure.error),
                Ok((response, line)) => {
                    return Ok(self.into_response(permit, response, line, is_taken, place));
                }
            }
        }
        let line = self.connect(&mut permit, &target, &addresses).await?;
        let (response, line) = self
            .exchange(&mut permit, line, request, &target)
            .await
            .map_err(|failure| failure.error)?;
        Ok(self.into_response(permit, response, line, is_taken, place))
    }

    async fn connect(
        &self,
        permit: &mut Permit,
        target: &HttpTarget,
        addresses: &[IpAddr],
    ) -> Result<ClientConnection, Error> {
        let lease = self.lease(permit).await?;
        let connecting = pin!(self.revision.connector.connect(target, addresses, lease));
        let time = self.options.connect_timeout.unwrap_or(TIMEOUT);
        tokio::select! {
            biased;
            line = self.within(time, connecting) => line.ok_or(Error::ConnectionTimeout)?,
            () = until_revoked(&self.authority, permit, self.call) => Err(Error::HttpRequestDenied),
        }
    }

    /// Takes a descriptor for a connection. If none is left, first closes the idle connections of
    /// the revision.
    async fn lease(&self, permit: &Permit) -> Result<BudgetLease, Error> {
        let share = &self.revision.share;
        if let Ok(lease) = BudgetLease::take(share, DeploymentShare::descriptors) {
            return Ok(lease);
        }
        let mut freed = pin!(share.descriptors().freed());
        freed.as_mut().enable();
        if self.revision.connections.clear() > 0 {
            freed.await;
        }
        let lease = take_descriptor(share, &self.authority, permit.operation(), self.call);
        lease.ok_or(Error::ConnectionLimitReached)
    }

    /// Returns the output of a step, or `None` if it takes longer than `time`.
    async fn within<F: Future>(&self, time: Duration, step: Pin<&mut F>) -> Option<F::Output> {
        run_until_deadline(
            &self.revision.clock,
            self.revision
                .clock
                .now()
                .saturating_add(Ticks::from_duration(time)),
            step,
        )
        .await
        .ok()
    }

    /// Sends a request, and waits for the head of its response.
    async fn exchange(
        &self,
        permit: &mut Permit,
        mut line: ClientConnection,
        request: Request<WasiBody>,
        target: &HttpTarget,
    ) -> Result<(Response<Incoming>, ClientConnection), SendFailure> {
        let time = self.options.first_byte_timeout.unwrap_or(TIMEOUT);
        let response = {
            let answering = pin!(line.send(request, target));
            tokio::select! {
                biased;
                response = self.within(time, answering) => response.ok_or(Error::ConnectionReadTimeout)?,
                () = until_revoked(&self.authority, permit, self.call) => return Err(Error::HttpRequestDenied.into()),
            }
        };
        Ok((response?, line))
    }

    /// Returns the response for the guest, which is cut off when its permit ends. A connection is
    /// not reused if its server has responded before it had the whole request: the rest would be
    /// sent beside the next request, and without a permit.
    fn into_response(
        self,
        mut permit: Permit,
        response: Response<Incoming>,
        line: ClientConnection,
        is_taken: Arc<AtomicBool>,
        place: Origin,
    ) -> (Response<WasiBody>, ResponseDriver) {
        let in_use = Arc::new(line.close_on_drop.tasks());
        let closing = Arc::downgrade(&in_use);
        let between_bytes =
            Ticks::from_duration(self.options.between_bytes_timeout.unwrap_or(TIMEOUT));
        let end = Box::new({
            let connections = Arc::clone(&self.revision.connections);
            move || {
                drop(in_use);
                if is_taken.load(Ordering::SeqCst) {
                    connections.give_back(place, line);
                }
            }
        });
        let response = response.map(|body| {
            TimedBody::new(body, &self.revision.clock, between_bytes, end).boxed_unsync()
        });
        let driving = async move {
            until_revoked(&self.authority, &mut permit, self.call).await;
            // `None` if the body was read to its end: the connection may already serve another
            // request.
            if let Some(closing) = closing.upgrade() {
                closing.close();
            }
            Err(Error::HttpRequestDenied)
        };
        (response, Box::new(driving))
    }
}

/// Parses the target of a request. Records a denial if it is malformed.
fn parse_target(
    authority: &Authority,
    call: CallId,
    request: &Request<WasiBody>,
) -> Result<HttpTarget, Error> {
    let url = request.uri().to_string();
    HttpTarget::parse(request.method().as_str(), &url).map_err(|error| {
        let reason = DenialReason::Malformed {
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
async fn authorize(
    authority: &Authority,
    resolver: &dyn Resolver,
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
        addresses = resolver.resolve(name).await.unwrap_or_default();
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
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Returns the error that the guest receives.
fn refusal(reason: &DenialReason) -> Error {
    match reason {
        DenialReason::BlockedAddress { .. } => Error::DestinationIpProhibited,
        _ => Error::HttpRequestDenied,
    }
}

/// Waits until a permit no longer holds.
async fn until_revoked(authority: &Authority, permit: &mut Permit, call: CallId) {
    loop {
        authority.until_permit_ends(permit).await;
        if !authority.still_allows(permit, call) {
            return;
        }
    }
}
