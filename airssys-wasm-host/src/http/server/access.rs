//! The record of a request for the access log.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use airssys_wasm_core::ComponentName;
use http::{Method, StatusCode, Version};

use crate::http::ServingRevision;

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
    pub component: Option<ComponentName>,
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

impl<L: AccessLog + ?Sized> AccessLog for std::sync::Arc<L> {
    fn record(&self, access: AccessRecord) {
        (**self).record(access);
    }
}
