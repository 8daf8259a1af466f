//! What components reach outside themselves, a room for each kind.
//!
//! | file or room | what it is |
//! |---|---|
//! | `authority`, `authorization` | what a revision may do, live; what a name was given |
//! | `blocking` | operations on blocking threads, and how many of a deployment run at once |
//! | `files` | files, through directories opened at deploy |
//! | `http` | outgoing HTTP requests |
//! | `sockets` | TCP, UDP and the lookup of names |
//! | `environment`, `config`, `secrets` | values by name |
//! | `logging` | `wasi:logging` |
//! | `custom`, `provided` | what an embedder provides; how it is linked |
//!
//! Every room has the same furniture: what it links, a view of the instance's state
//! that asks the authority before it does anything, and handles that are asked about
//! again once something was taken back.
//! Tests: the workspace's `tests/suite/capabilities` and `tests/attacks`.

mod authority;
mod authorization;
mod bindings;
mod blocking;
mod config;
mod custom;
mod descriptor;
mod environment;
mod files;
mod grants_file;
mod http;
mod link;
mod logging;
mod provided;
mod resolver;
mod rooms;
mod secrets;
mod sockets;
mod stream;

pub use authority::Enforcement;
pub(crate) use authority::{Authority, Permit};
pub(crate) use authorization::Authorization;
pub(crate) use blocking::BlockingOperations;
pub(crate) use config::ConfigView;
pub use custom::{NotAllowed, Provider};
pub(crate) use environment::EnvironmentView;
pub(crate) use files::{Files, FilesView};
pub use grants_file::{read_grants, write_grants};
#[cfg(feature = "http")]
pub(crate) use http::length;
pub(crate) use http::{Connector, Gone, Http};
pub(crate) use link::link;
pub(crate) use logging::LoggingView;
pub(crate) use provided::{Provided, Providers, provides, provides_function};
pub use resolver::Resolver;
pub(crate) use rooms::{Rooms, Suppliers};
pub use secrets::SecretStore;
pub(crate) use secrets::{NoSecrets, SecretsView};
pub(crate) use sockets::{SocketLeases, SocketsView, Told, checking};
