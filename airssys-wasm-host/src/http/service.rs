//! A service for a name, to be mounted in a server.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use airssys_wasm_core::ComponentName;
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body;
use tower_service::Service;

use super::body::HttpBody;
use super::exchange;
use super::handler::{self, Handler};
use super::refusal::Refusal;
use crate::call::within;
use crate::deployment::{Admission, Named};
use crate::function::Handle;
use crate::host::Shared;
use crate::{Error, Result};

/// Has whatever is deployed under a name answer HTTP requests; see
/// [`Host::http`](crate::Host::http).
///
/// A `tower` service that never fails: what goes wrong is an answer as well, with a status of its
/// own.
///
/// | status | when |
/// |---|---|
/// | `400` | a request names no host, or two; its body has more than one end |
/// | `413` | its body is longer than `http_request_bytes_max`: says so, or the guest gave no answer for it |
/// | `500` | the guest trapped, went beyond a limit, or gave no answer |
/// | `501` | it asks for another protocol (`CONNECT`, `Upgrade`) |
/// | `502` | the guest said that it failed itself |
/// | `503` | too many wait already, or nothing that answers requests is deployed under that name |
/// | `504` | no head of an answer within `call_deadline` |
///
/// Why it is `503` is told by [`HttpService::check`]. Whoever keeps a service keeps its
/// [`Host`](crate::Host) too: without that nothing is deployed any more.
///
/// With `503` comes `Retry-After`. A body that fails half-way is cut off, so that no client takes
/// it for whole. A client that goes away ends its request: the guest stops, and its instance is
/// free for another. (Over HTTP/1.1 that is noticed once its body was read, or with the next piece.)
///
/// The guest sees the path of the request as it comes here: a router that takes away what it has
/// matched (axum's `nest_service` does) gives the rest. Behind somebody's own TLS, an `http`
/// `uri::Scheme` among the extensions of a request tells the guest which scheme its client used;
/// who the client is the guest learns only from headers.
///
/// An update by `Recreate` waits until all bodies are written, and new requests wait meanwhile.
///
/// Cloning is cheap. While there is a clone that has answered, an update of the deployment to a
/// component that answers no requests is refused.
#[derive(Clone)]
pub struct HttpService(Arc<Inner>);

struct Inner {
    host: Weak<Shared>,
    name: ComponentName,
    /// Of what was deployed when it was last asked for.
    handle: ArcSwapOption<Handle<Handler>>,
    /// How many wait until an update lets somebody in.
    waiting: AtomicUsize,
}

/// A place among those who wait.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize, max: usize) -> std::result::Result<Self, Refusal> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::SeqCst) < max {
            Ok(place)
        } else {
            Err(Refusal::Busy)
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl HttpService {
    pub(crate) fn new(host: &Arc<Shared>, name: ComponentName) -> Self {
        let (handle, waiting) = (ArcSwapOption::empty(), AtomicUsize::new(0));
        Self(Arc::new(Inner {
            host: Arc::downgrade(host),
            name,
            handle,
            waiting,
        }))
    }

    /// The name that it serves.
    #[must_use]
    pub fn component(&self) -> &ComponentName {
        &self.0.name
    }

    /// Whether requests would be answered now. Blocks while what was deployed before a restart is
    /// read, if it has not been used yet.
    ///
    /// # Errors
    ///
    /// [`NotDeployed`](crate::ErrorKind::NotDeployed) if nothing is deployed under that name,
    /// [`FunctionNotFound`](crate::ErrorKind::FunctionNotFound) if it exports nothing that answers
    /// requests, [`HostDropped`](crate::ErrorKind::HostDropped).
    pub fn check(&self) -> Result<()> {
        handler::check(&*self.0.named()?.revision_to_call()?)
    }

    /// Answers a request. Cancel safe: dropped, the request ends.
    ///
    /// The answer has [`Served`](super::Served) among its extensions if a revision was to answer.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<HttpBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.0.admit().await {
            Ok((handle, admission)) => exchange::answer(&handle, admission, request).await,
            Err(refusal) => refusal.response(),
        }
    }
}

impl Inner {
    /// Lets a request in. What was removed may have been deployed anew.
    async fn admit(&self) -> std::result::Result<(Arc<Handle<Handler>>, Admission), Refusal> {
        if let Some(handle) = self.handle.load_full() {
            match self.admit_by(&handle).await {
                Err(Refusal::NotThere) => self.handle.store(None),
                admitted => return Ok((handle, admitted?)),
            }
        }
        let handle = self.find().map_err(|error| {
            tracing::debug!(component = %self.name, %error, "nothing answers a request");
            Refusal::of(&error)
        })?;
        let admission = self.admit_by(&handle).await?;
        Ok((handle, admission))
    }

    /// While an update lets nobody in, as many wait as may, and as long as what is inside may take:
    /// bodies are waited for.
    async fn admit_by(&self, handle: &Handle<Handler>) -> std::result::Result<Admission, Refusal> {
        let named = handle.named();
        if let Some(admission) = named.admit().map_err(|error| Refusal::of(&error))? {
            return Ok(admission);
        }
        let revision = named.revision();
        let _waiting = Waiting::begin(&self.waiting, revision.limits.http_waiting_max)?;
        let until = handle.clock().now().plus(revision.longest_ticks());
        let admitted = within(handle.clock(), until, pin!(named.admit_after_pause())).await;
        admitted
            .map_err(|_| Refusal::TooLate)?
            .map_err(|error| Refusal::of(&error))
    }

    fn find(&self) -> Result<Arc<Handle<Handler>>> {
        let handle = handle(&self.named()?)?;
        self.handle.store(Some(Arc::clone(&handle)));
        Ok(handle)
    }

    fn named(&self) -> Result<Arc<Named>> {
        let host = self
            .host
            .upgrade()
            .ok_or_else(|| Error::host_dropped(&self.name))?;
        host.names.get(self.name.as_str())
    }
}

fn handle(named: &Arc<Named>) -> Result<Arc<Handle<Handler>>> {
    let handle = Handle::new(
        named,
        Handler::NAME.to_owned(),
        Box::new(Handler::find),
        None,
    );
    handle.settle(handler::check)
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

    /// Always ready: who has to wait waits in [`Service::call`].
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpService").field(&self.0.name).finish()
    }
}
