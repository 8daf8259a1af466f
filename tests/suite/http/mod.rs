//! Components that answer HTTP requests, asked by clients over sockets.
//!
//! `site`, `mounted`, `client` and `certificate` are what the tests are made of; what is promised
//! whatever WASI a component is written for is tested with `BOTH`.

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
mod patience;
mod refused;
mod server;
mod service;
mod site;
mod smuggling;
mod updates;

/// A component that answers by WASI 0.2, and one by WASI 0.3.
const BOTH: [&str; 2] = ["http-v1", "http-service"];
