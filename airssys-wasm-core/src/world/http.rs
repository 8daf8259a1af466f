//! The functions that handle HTTP requests, in WASI 0.2 and in WASI 0.3.
//!
//! Tests: `airssys-wasm-core/src/world/replacement.rs`, `tests/suite/http`.

use super::{Function, World};

/// The exported function that handles HTTP requests. Clients see no difference between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpHandler<'a> {
    /// `handle` of `wasi:http/incoming-handler`, in WASI 0.2.
    Incoming(&'a Function),
    /// `handle` of `wasi:http/handler`, in WASI 0.3.
    Service(&'a Function),
}

impl<'a> HttpHandler<'a> {
    /// Returns the handler that a function is, if it handles requests.
    pub(super) fn from_function(function: &'a Function) -> Option<Self> {
        let interface = function.name.interface()?;
        match (interface.split('@').next()?, function.name.function()) {
            ("wasi:http/incoming-handler", "handle") => Some(Self::Incoming(function)),
            ("wasi:http/handler", "handle") => Some(Self::Service(function)),
            _ => None,
        }
    }
}

impl World {
    /// Returns the function that handles HTTP requests. If the component exports both, returns the
    /// one of WASI 0.3.
    #[must_use]
    pub fn http_handler(&self) -> Option<HttpHandler<'_>> {
        let functions = self
            .exports
            .interfaces
            .iter()
            .flat_map(|interface| &interface.functions);
        functions
            .filter_map(HttpHandler::from_function)
            .max_by_key(|handler| matches!(handler, HttpHandler::Service(_)))
    }
}
