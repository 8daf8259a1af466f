//! What is told of each request.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use airssys_wasm_core::ComponentName;
use http::{Method, StatusCode, Version};

use crate::http::Served;

/// A request that was answered, or whose client went away.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Access {
    /// When its head had come.
    pub at: SystemTime,
    /// Who asked.
    pub peer: SocketAddr,
    /// Which HTTP it was asked in.
    pub version: Version,
    /// How it was asked for.
    pub method: Method,
    /// The host that was asked for, if it was said.
    pub host: Option<String>,
    /// The path, without what comes behind a `?`, which may be a secret.
    pub path: String,
    /// The status of the answer; none if the client went away before there was one.
    pub status: Option<StatusCode>,
    /// The name that its route leads to; none if there is no route for it.
    pub component: Option<ComponentName>,
    /// Which revision it was given to; none if it went to none.
    pub served: Option<Served>,
    /// Bytes of the answer's body that were handed to the connection.
    pub bytes: u64,
    /// From its head to the last byte of its answer, or to where it was cut off.
    pub took: Duration,
    /// Whether the answer came to its end.
    pub is_whole: bool,
}

/// Who is told of each request. It is told on a thread that serves: it must not block.
pub trait AccessLog: Send + Sync + 'static {
    /// A request is over.
    fn record(&self, access: Access);
}

impl<L: AccessLog + ?Sized> AccessLog for std::sync::Arc<L> {
    fn record(&self, access: Access) {
        (**self).record(access);
    }
}
