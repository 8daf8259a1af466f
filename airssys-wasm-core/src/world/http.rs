//! What answers HTTP requests, in WASI 0.2 and in 0.3.
//!
//! Tests: those of `stand_in`, and the workspace's `tests/suite/http`.

use super::{Function, World};

/// What answers HTTP requests. Whoever asks sees no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpHandler<'a> {
    /// `handle` of `wasi:http/incoming-handler`, in WASI 0.2.
    Incoming(&'a Function),
    /// `handle` of `wasi:http/handler`, in WASI 0.3.
    Service(&'a Function),
}

impl<'a> HttpHandler<'a> {
    /// What a function is, if it answers requests.
    pub(super) fn of(function: &'a Function) -> Option<Self> {
        let interface = function.name.interface()?;
        match (interface.split('@').next()?, function.name.function()) {
            ("wasi:http/incoming-handler", "handle") => Some(Self::Incoming(function)),
            ("wasi:http/handler", "handle") => Some(Self::Service(function)),
            _ => None,
        }
    }
}

impl World {
    /// What answers HTTP requests: that of WASI 0.3 if it exports both.
    #[must_use]
    pub fn http_handler(&self) -> Option<HttpHandler<'_>> {
        let functions = self
            .exports
            .interfaces
            .iter()
            .flat_map(|interface| &interface.functions);
        functions
            .filter_map(HttpHandler::of)
            .max_by_key(|handler| matches!(handler, HttpHandler::Service(_)))
    }
}
