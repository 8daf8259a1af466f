//! Handles a request of a connection: a health check, or the deployment of its route.
//!
//! Tests: `tests/suite/http/server.rs`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{Request, Response, uri};
use hyper::body::Incoming;

use super::access::{AccessLog, AccessRecorder};
use super::client_progress::ResponseWatch;
use super::connections::ActiveRequest;
use super::health::HealthPath;
use super::request_host::requested_host;
use super::response_tracker::{ResponseTracker, TrackedBody};
use crate::http::body::HttpBody;
use crate::http::refusal::Refusal;
use crate::http::route::RouteTable;
use crate::http::service::HttpService;

/// Everything needed to handle requests.
pub(super) struct RequestHandler {
    pub(super) routes: Arc<ArcSwap<RouteTable<HttpService>>>,
    pub(super) log: Option<Arc<dyn AccessLog>>,
    pub(super) scheme: uri::Scheme,
    pub(super) health: Option<HealthPath>,
}

impl RequestHandler {
    /// Responds to a request. `watch` is `None` in HTTP/1.
    pub(super) async fn handle(
        &self,
        peer: SocketAddr,
        request: Request<Incoming>,
        watch: Option<ResponseWatch>,
        active: ActiveRequest,
    ) -> Result<Response<TrackedBody>, Infallible> {
        let health = self.health.as_ref();
        let health_response = health.and_then(|health| health.respond(&request));
        let log = self.log.as_ref().filter(|_| health_response.is_none());
        let mut tracker = ResponseTracker {
            recorder: log.map(|log| AccessRecorder::begin(log, peer, &request)),
            watch,
            _request: active,
        };
        let response = match health_response {
            Some(response) => response,
            None => self.respond(request, &mut tracker).await,
        };
        Ok(tracker.track(response))
    }

    /// Has the deployment of the request's route respond.
    async fn respond(
        &self,
        mut request: Request<Incoming>,
        tracker: &mut ResponseTracker,
    ) -> Response<HttpBody> {
        // Replaces any scheme that the client claims.
        request.extensions_mut().insert(self.scheme.clone());
        let host = requested_host(&request).unwrap_or_default();
        let routes = self.routes.load();
        let service = routes.find(host, request.uri().path()).cloned();
        drop(routes);
        let Some(service) = service else {
            return Refusal::NoRoute.response();
        };
        if let Some(AccessRecorder { record, .. }) = &mut tracker.recorder {
            record.deployment = Some(service.name().clone());
        }
        service.handle(request).await
    }
}
