//! Sends a request to the addresses that were checked.
//!
//! Tests: `tests/attacks`, `tests/suite/capabilities/http.rs`.

use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use airssys_wasm_core::policy::{HttpTarget, Operation};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::authorize::{authorize, parse_target};
use super::connection::{ClientConnection, SendFailure};
use super::download::DownloadTap;
use super::idle_connections::Origin;
use super::open::OutgoingHttpState;
use super::upload::UploadTap;
use crate::budget::{BudgetLease, DeploymentShare};
use crate::capability::contract::{Caller, InstanceOpening};
use crate::capability::descriptor::take_descriptor;
use crate::capability::{Authority, Permit};
use crate::clock::Ticks;
use crate::clock::run_until_deadline;
use crate::http_body::{TapBody, content_length};
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
        let outgoing = OutgoingRequest {
            authority: Arc::clone(&self.caller.authority),
            revision: Arc::clone(&self.revision),
            call: self.caller.call(),
            has_instance_ended: Arc::clone(&self.has_instance_ended),
            options: options.unwrap_or_default(),
        };
        Box::new(outgoing.send(request))
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
        let tap = UploadTap::new(
            content_length(request.headers()),
            Arc::clone(&is_taken),
            Arc::clone(&self.has_instance_ended),
        );
        let mut request = request.map(|body| TapBody::new(body, tap).boxed_unsync());
        let origin = Origin::from_target(&target);
        while let Some(connection) = self.revision.idle_connections.take(&origin, &addresses) {
            match self
                .exchange(&mut permit, connection, request, &target)
                .await
            {
                // The server had just closed the connection.
                Err(SendFailure {
                    unsent: Some(unsent),
                    ..
                }) => request = unsent,
                Err(failure) => return Err(failure.error),
                Ok((response, connection)) => {
                    return Ok(self.into_response(permit, response, connection, is_taken, origin));
                }
            }
        }
        let connection = self.connect(&mut permit, &target, &addresses).await?;
        let (response, connection) = self
            .exchange(&mut permit, connection, request, &target)
            .await
            .map_err(|failure| failure.error)?;
        Ok(self.into_response(permit, response, connection, is_taken, origin))
    }

    async fn connect(
        &self,
        permit: &mut Permit,
        target: &HttpTarget,
        addresses: &[IpAddr],
    ) -> Result<ClientConnection, Error> {
        let operation = permit.operation().clone();
        let connecting = pin!(async {
            let lease = self.lease(&operation).await?;
            let connector = &self.revision.connector;
            connector.connect(target, addresses, lease).await
        });
        let time = self.options.connect_timeout.unwrap_or(TIMEOUT);
        tokio::select! {
            biased;
            connected = self.within(time, connecting) => connected.ok_or(Error::ConnectionTimeout)?,
            () = self.authority.until_denied(permit, self.call) => Err(Error::HttpRequestDenied),
        }
    }

    /// Takes a descriptor for a connection. If none is left, first closes the idle connections of
    /// the revision, and waits until they have returned theirs.
    async fn lease(&self, operation: &Operation) -> Result<BudgetLease, Error> {
        let share = &self.revision.share;
        if let Ok(lease) = BudgetLease::take(share, DeploymentShare::descriptors) {
            return Ok(lease);
        }
        self.revision.idle_connections.close_all().await;
        let lease = take_descriptor(share, &self.authority, operation, self.call);
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
        mut connection: ClientConnection,
        request: Request<WasiBody>,
        target: &HttpTarget,
    ) -> Result<(Response<Incoming>, ClientConnection), SendFailure> {
        let time = self.options.first_byte_timeout.unwrap_or(TIMEOUT);
        let response = {
            let sending = pin!(connection.send(request, target));
            tokio::select! {
                biased;
                response = self.within(time, sending) => response.ok_or(Error::ConnectionReadTimeout)?,
                () = self.authority.until_denied(permit, self.call) => return Err(Error::HttpRequestDenied.into()),
            }
        };
        Ok((response?, connection))
    }

    /// Returns the response for the guest, which is cut off when its permit ends. A connection is
    /// not reused if its server has responded before it had the whole request: the rest would be
    /// sent beside the next request, and without a permit.
    fn into_response(
        self,
        mut permit: Permit,
        response: Response<Incoming>,
        connection: ClientConnection,
        is_taken: Arc<AtomicBool>,
        origin: Origin,
    ) -> (Response<WasiBody>, ResponseDriver) {
        let in_use = Arc::new(connection.close_on_drop.tasks());
        let tasks = Arc::downgrade(&in_use);
        let between_bytes =
            Ticks::from_duration(self.options.between_bytes_timeout.unwrap_or(TIMEOUT));
        let on_end = Box::new({
            let idle_connections = Arc::clone(&self.revision.idle_connections);
            move || {
                drop(in_use);
                if is_taken.load(Ordering::SeqCst) {
                    idle_connections.give_back(origin, connection);
                }
            }
        });
        let tap = DownloadTap::new(&self.revision.clock, between_bytes, on_end);
        let response =
            response.map(|body| TapBody::new(body.map_err(Error::from), tap).boxed_unsync());
        let driver = async move {
            self.authority.until_denied(&mut permit, self.call).await;
            // `None` if the body was read to its end: the connection may already serve another
            // request.
            if let Some(tasks) = tasks.upgrade() {
                tasks.close();
            }
            Err(Error::HttpRequestDenied)
        };
        (response, Box::new(driver))
    }
}
