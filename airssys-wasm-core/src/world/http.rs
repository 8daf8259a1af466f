//! What answers HTTP requests, in WASI 0.2 and in 0.3.
//!
//! Tests: those of `stand_in`, and the workspace's `tests/suite/http`.

use super::{Function, InterfaceName, World};

/// The interfaces whose `handle` answers requests. Whoever asks over HTTP sees no difference.
const HANDLERS: [&str; 2] = ["wasi:http/handler", "wasi:http/incoming-handler"];

impl World {
    /// Whether it exports what answers HTTP requests.
    #[must_use]
    pub fn answers_http(&self) -> bool {
        self.exports.interfaces.iter().any(|export| HANDLERS.contains(&export.name.path()))
    }
}

/// Whether a function is what answers HTTP requests.
pub(super) fn answers_http(function: &Function) -> bool {
    let interface = function.name.interface().map(InterfaceName::new);
    interface.is_some_and(|interface| HANDLERS.contains(&interface.path()))
}
