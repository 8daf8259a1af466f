//! Handles a request of a connection, from its route to its record in the access log.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Method, Request, Response, header, uri};
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::client_progress::ResponseWatch;
use super::connections::ActiveRequest;
use super::health::HealthPath;
use super::{AccessLog, AccessRecord};
use crate::Error;
use crate::http::refusal::Refusal;
use crate::http::route::RouteTable;
use crate::http::{HttpBody, HttpService, ServingRevision};

/// Everything needed to handle requests.
pub(super) struct RequestHandler {
    pub(super) routes: Arc<ArcSwap<RouteTable<HttpService>>>,
    pub(super) log: Option<Arc<dyn AccessLog>>,
    pub(super) is_tls: bool,
    pub(super) health: Option<HealthPath>,
}

impl RequestHandler {
    pub(super) async fn handle(
        &self,
        peer: SocketAddr,
        mut request: Request<Incoming>,
        watched: Option<ResponseWatch>,
        in_use: ActiveRequest,
    ) -> Result<Response<RecordedBody>, Infallible> {
        if let Some(response) = self
            .health
            .as_ref()
            .and_then(|health| health.respond(&request))
        {
            return Ok(response.map(|body| RecordedBody {
                body,
                recorder: None,
                watched,
                _in_use: in_use,
            }));
        }
        let mut telling = self
            .log
            .as_ref()
            .map(|log| AccessRecorder::begin(log, peer, &request));
        // Replaces whatever scheme the client claims.
        let scheme = if self.is_tls {
            uri::Scheme::HTTPS
        } else {
            uri::Scheme::HTTP
        };
        request.extensions_mut().insert(scheme);
        let found = self
            .routes
            .load()
            .find(
                requested_host(&request).unwrap_or_default(),
                request.uri().path(),
            )
            .cloned();
        if let Some(telling) = &mut telling {
            telling.access.component = found.as_ref().map(|service| service.component().clone());
        }
        let response = match found {
            Some(service) => service.handle(request).await,
            None => Refusal::NoRoute.response(),
        };
        if let Some(telling) = &mut telling {
            telling.access.status = Some(response.status());
            telling.access.served = response.extensions().get::<ServingRevision>().cloned();
            // A response to `HEAD` has no body to be read.
            telling.access.is_complete =
                response.body().is_delivered() || telling.access.method == Method::HEAD;
        }
        if let Some(watched) = &watched {
            watched.waits_for_client();
        }
        Ok(response.map(|body| RecordedBody {
            body,
            recorder: telling,
            watched,
            _in_use: in_use,
        }))
    }
}

/// Returns the requested host, unmodified.
fn requested_host<B>(request: &Request<B>) -> Option<&str> {
    let said = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    request
        .uri()
        .authority()
        .map(uri::Authority::as_str)
        .or(said)
}

/// The record of a request, passed to the access log when dropped.
struct AccessRecorder {
    log: Arc<dyn AccessLog>,
    begun: Instant,
    access: AccessRecord,
}

impl AccessRecorder {
    fn begin<B>(log: &Arc<dyn AccessLog>, peer: SocketAddr, request: &Request<B>) -> Self {
        let access = AccessRecord {
            time: SystemTime::now(),
            peer,
            version: request.version(),
            method: request.method().clone(),
            host: requested_host(request).map(str::to_owned),
            path: request.uri().path().to_owned(),
            status: None,
            component: None,
            served: None,
            bytes: 0,
            duration: std::time::Duration::ZERO,
            is_complete: false,
        };
        Self {
            log: Arc::clone(log),
            begun: Instant::now(),
            access,
        }
    }
}

impl Drop for AccessRecorder {
    fn drop(&mut self) {
        self.access.duration = self.begun.elapsed();
        self.log.record(self.access.clone());
    }
}

/// The body of a response, tracked for the access log.
pub(super) struct RecordedBody {
    body: HttpBody,
    recorder: Option<AccessRecorder>,
    watched: Option<ResponseWatch>,
    /// Keeps the connection's place until the response has been sent.
    _in_use: ActiveRequest,
}

impl RecordedBody {
    fn watch(&self, is_pending: bool) {
        match &self.watched {
            Some(watched) if is_pending => watched.waits_for_guest(),
            Some(watched) => watched.waits_for_client(),
            None => {}
        }
    }
}

impl Body for RecordedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.watch(frame.is_pending());
        let frame = ready!(frame);
        let is_over = frame.is_none() || self.body.is_delivered();
        if let Some(telling) = &mut self.recorder {
            let bytes = frame
                .iter()
                .flatten()
                .filter_map(Frame::data_ref)
                .map(Bytes::len);
            telling.access.bytes += bytes.sum::<usize>() as u64;
            telling.access.is_complete = is_over;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
