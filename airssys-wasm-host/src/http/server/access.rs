//! The record of a request for the access log.
//!
//! Tests: `tests/suite/http/server.rs`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use airssys_wasm_core::ComponentName;
use http::{Method, Request, StatusCode, Version};

use super::request_host::requested_host;
use crate::http::serving_revision::ServingRevision;

/// A request that was responded to, or whose client disconnected.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessRecord {
    /// The time at which its head had arrived.
    pub time: SystemTime,
    /// The address of the client.
    pub peer: SocketAddr,
    /// The version of HTTP.
    pub version: Version,
    /// The method.
    pub method: Method,
    /// The requested host, if there was one.
    pub host: Option<String>,
    /// The path without its query, which may contain secrets.
    pub path: String,
    /// The status of the response; `None` if the client disconnected before there was one.
    pub status: Option<StatusCode>,
    /// The deployment that the route points to; `None` without a matching route.
    pub deployment: Option<ComponentName>,
    /// The revision that the request was given to, if any.
    pub served: Option<ServingRevision>,
    /// Bytes of the response's body passed to the connection.
    pub bytes: u64,
    /// Time from the request's head to the last byte of the response, or to where it was cut off.
    pub duration: Duration,
    /// `true` if the response was sent completely.
    pub is_complete: bool,
}

/// A log of requests. It is called on a thread that serves requests, so it must not block.
pub trait AccessLog: Send + Sync + 'static {
    /// Records a request that has ended.
    fn record(&self, access: AccessRecord);
}

impl<L: AccessLog + ?Sized> AccessLog for Arc<L> {
    fn record(&self, access: AccessRecord) {
        (**self).record(access);
    }
}

/// A record in progress, passed to the access log when dropped.
pub(super) struct AccessRecorder {
    log: Arc<dyn AccessLog>,
    begun: Instant,
    pub(super) record: AccessRecord,
}

impl AccessRecorder {
    pub(super) fn begin<B>(
        log: &Arc<dyn AccessLog>,
        peer: SocketAddr,
        request: &Request<B>,
    ) -> Self {
        let record = AccessRecord {
            time: SystemTime::now(),
            peer,
            version: request.version(),
            method: request.method().clone(),
            host: requested_host(request).map(str::to_owned),
            path: request.uri().path().to_owned(),
            status: None,
            deployment: None,
            served: None,
            bytes: 0,
            duration: Duration::ZERO,
            is_complete: false,
        };
        Self {
            log: Arc::clone(log),
            begun: Instant::now(),
            record,
        }
    }
}

impl Drop for AccessRecorder {
    fn drop(&mut self) {
        self.record.duration = self.begun.elapsed();
        self.log.record(self.record.clone());
    }
}
