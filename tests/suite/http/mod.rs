//! Components that answer HTTP requests from clients over sockets.
//!
//! `site`, `mounted`, `client` and `certificate` are support code. Behavior that does not depend on
//! the WASI version is tested with both guests in `BOTH`.

mod answers;
mod bodies;
mod browser;
mod certificate;
mod client;
mod clients;
mod ends;
mod half_open;
mod mounted;
mod outgoing;
mod refused;
mod server;
mod service;
mod site;
mod slow_clients;
mod smuggling;
mod updates;

/// A component for WASI 0.2 and a component for WASI 0.3.
const BOTH: [&str; 2] = ["http-v1", "http-service"];
