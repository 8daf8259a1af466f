//! A service for a deployment, to be mounted in a server.
//!
//! Tests: `tests/suite/http/mounted.rs`, `tests/suite/http/refused.rs`.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use airssys_wasm_core::{ComponentName, Limits};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body;
use tower_service::Service;

use super::body::HttpBody;
use super::exchange::HANDLER_NAME;
use super::handler::{self, GuestHandler};
use super::refusal::Refusal;
use super::respond::respond;
use crate::clock::{Ticks, run_until_deadline};
use crate::context::HostContext;
use crate::deployment::{Admission, DeploymentEntry};
use crate::function::Handle;
use crate::registry::{DeploymentTable, FoundDeployment, PendingRestore};
use crate::{Error, Result};

/// A `tower` service that passes HTTP requests to a deployment; see
/// [`HostHttp::service`](crate::HostHttp::service).
///
/// The service never returns an error: each failure is a response with its status.
///
/// | status | cause |
/// |---|---|
/// | `400` | the request has no host or two, or the length of its body is ambiguous |
/// | `413` | the request's body is longer than `http_request_bytes_max`, by its declared length, or because the guest gave no response for it |
/// | `500` | the guest trapped, exceeded a limit, or gave no response |
/// | `501` | the request asks for another protocol (`CONNECT`, `Upgrade`) |
/// | `502` | the guest returned an error |
/// | `503` | too many requests are waiting, no component that handles requests is deployed under that name, or the deployment cannot be restored or started: its state or its grants cannot be used, or the budget is used up |
/// | `504` | no response head within `call_deadline`, or not restored within it |
///
/// [`HttpService::check`] returns the reason for which a deployment cannot serve. Keep the
/// [`Host`](crate::Host) alive as long as the service: without it nothing is deployed.
///
/// `503` responses have a `Retry-After` header. A body that fails midway is cut off, so that no
/// client takes it for complete. A client that disconnects ends its request: the guest stops, and
/// its instance is free for another. Over HTTP/1.1 this is noticed only after the request's body
/// was read, or when the next chunk of the response is written.
///
/// The guest sees the request's path as it arrives here: behind a router that strips the matched
/// prefix, as axum's `nest_service` does, it sees the rest. If TLS is terminated elsewhere, a
/// `uri::Scheme` in the request's extensions tells the guest which scheme its client used. The
/// guest learns the client's identity only from headers.
///
/// An update with `Recreate` waits until all bodies are written, and new requests wait meanwhile.
///
/// Cloning is cheap. While a clone that has handled a request exists, updating the deployment to a
/// component that handles no requests fails.
#[derive(Clone)]
pub struct HttpService(Arc<ServiceInner>);

struct ServiceInner {
    context: Weak<HostContext>,
    name: ComponentName,
    /// The handle of the deployment that was last found.
    handle: ArcSwapOption<Handle<GuestHandler>>,
    /// The number of requests waiting for an update to admit them, or for a restore.
    waiting: AtomicUsize,
}

/// A request counted as waiting.
struct WaitingRequest<'a>(&'a AtomicUsize);

impl<'a> WaitingRequest<'a> {
    fn enter(waiting: &'a AtomicUsize, max: usize) -> std::result::Result<Self, Refusal> {
        // Leaves when dropped.
        let request = Self(waiting);
        if waiting.fetch_add(1, Ordering::SeqCst) < max {
            Ok(request)
        } else {
            Err(Refusal::Busy)
        }
    }
}

impl Drop for WaitingRequest<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl HttpService {
    pub(crate) fn new(context: &Arc<HostContext>, name: ComponentName) -> Self {
        let (handle, waiting) = (ArcSwapOption::empty(), AtomicUsize::new(0));
        Self(Arc::new(ServiceInner {
            context: Arc::downgrade(context),
            name,
            handle,
            waiting,
        }))
    }

    /// Returns the name of the deployment.
    #[must_use]
    pub fn name(&self) -> &ComponentName {
        &self.0.name
    }

    /// Checks that requests can be served. Restores the deployment if it has not been used since the
    /// start.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed) if nothing is deployed under that name,
    /// [`FunctionNotFound`](crate::ErrorKind::FunctionNotFound) if the component exports no HTTP
    /// handler, [`HostDropped`](crate::ErrorKind::HostDropped), and the errors of restoring a
    /// deployment, such as [`GrantUnusable`](crate::ErrorKind::GrantUnusable) and
    /// [`StateDamaged`](crate::ErrorKind::StateDamaged).
    pub async fn check(&self) -> Result<()> {
        handler::check_handler(&*self.0.deployment().await?.callable_revision()?)
    }

    /// Responds to a request. Cancel safe: dropping the future ends the request.
    ///
    /// The response has a [`ServingRevision`](super::ServingRevision) among its extensions if the
    /// request was admitted to a revision.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<HttpBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.0.admit().await {
            Ok((handle, admission)) => respond(&handle, admission, request).await,
            Err(refusal) => refusal.response(),
        }
    }
}

impl ServiceInner {
    /// Admits a request. If the deployment was removed and deployed again, the service uses the new
    /// one.
    async fn admit(&self) -> std::result::Result<(Arc<Handle<GuestHandler>>, Admission), Refusal> {
        if let Some(handle) = self.handle.load_full() {
            match self.admit_with(&handle).await {
                Err(Refusal::Unavailable) => self.handle.store(None),
                admitted => return Ok((handle, admitted?)),
            }
        }
        let handle = self.find_handle().await?;
        let admission = self.admit_with(&handle).await?;
        Ok((handle, admission))
    }

    /// Admits a request to a deployment. While an update pauses admission, waits for as long as
    /// calls and bodies in progress may take, unless too many requests are waiting already.
    async fn admit_with(
        &self,
        handle: &Handle<GuestHandler>,
    ) -> std::result::Result<Admission, Refusal> {
        let target = handle.target();
        let deployment = target.deployment();
        if let Some(admission) = deployment
            .admit()
            .map_err(|error| Refusal::from_error(&error))?
        {
            return Ok(admission);
        }
        let revision = deployment.revision();
        let waiting_max = revision.terms.limits.http_waiting_max;
        let _waiting = WaitingRequest::enter(&self.waiting, waiting_max)?;
        let clock = target.clock();
        let deadline = clock.now().saturating_add(revision.deadline_ticks_max());
        let admission = pin!(deployment.admit_after_pause());
        let admitted = run_until_deadline(clock, deadline, admission).await;
        admitted
            .map_err(|_| Refusal::Timeout)?
            .map_err(|error| Refusal::from_error(&error))
    }

    /// Finds the deployment, and restores it if it has not been used since the start.
    async fn find_handle(&self) -> std::result::Result<Arc<Handle<GuestHandler>>, Refusal> {
        let refuse = |error: Error| {
            tracing::debug!(component = %self.name, %error, "no deployment handles a request");
            Refusal::from_error(&error)
        };
        let deployment = match self.look_up().map_err(refuse)? {
            FoundDeployment::Awake(deployment) => deployment,
            FoundDeployment::Asleep(pending) => {
                if let Some(error) = pending.recent_error() {
                    return Err(refuse(error));
                }
                self.wait_for_restore(pending).await?.map_err(refuse)?
            }
        };
        let handle = new_handle(&deployment).map_err(refuse)?;
        self.handle.store(Some(Arc::clone(&handle)));
        Ok(handle)
    }

    /// Waits until the deployment is restored, at most as long as a call to it may take, unless too
    /// many requests are waiting already. A restore that takes longer continues.
    async fn wait_for_restore(
        &self,
        pending: PendingRestore,
    ) -> std::result::Result<Result<Arc<DeploymentEntry>>, Refusal> {
        let limits = pending.limits().or_else(|| self.default_limits());
        let limits = limits.ok_or(Refusal::Unavailable)?;
        let _waiting = WaitingRequest::enter(&self.waiting, limits.http_waiting_max)?;
        let clock = pending.clock();
        let call_ticks = Ticks::from_duration(limits.call_deadline);
        let deadline = clock.now().saturating_add(call_ticks);
        let restored = pin!(pending.restore());
        let restored = run_until_deadline(&clock, deadline, restored).await;
        restored.map_err(|_| Refusal::Timeout)
    }

    fn default_limits(&self) -> Option<Limits> {
        Some(self.context.upgrade()?.limits.clone())
    }

    fn look_up(&self) -> Result<FoundDeployment> {
        self.deployments()?.look_up(self.name.as_str())
    }

    async fn deployment(&self) -> Result<Arc<DeploymentEntry>> {
        self.deployments()?.find(self.name.as_str()).await
    }

    /// Returns the table of deployments, which does not keep the host alive.
    fn deployments(&self) -> Result<Arc<DeploymentTable>> {
        let context = self.context.upgrade();
        let context = context.ok_or_else(|| Error::host_dropped(&self.name))?;
        Ok(Arc::clone(&context.deployments))
    }
}

fn new_handle(deployment: &Arc<DeploymentEntry>) -> Result<Arc<Handle<GuestHandler>>> {
    let handle = Handle::new(
        deployment,
        HANDLER_NAME.to_owned(),
        Box::new(GuestHandler::find),
        None,
    );
    handle.register_checked(handler::check_handler)
}

impl<B> Service<Request<B>> for HttpService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<HttpBody>;
    type Error = Infallible;
    type Future =
        Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Infallible>> + Send>>;

    /// Always ready: requests wait in [`Service::call`].
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.handle(request).await) })
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpService").field(&self.0.name).finish()
    }
}
