//! Capabilities: everything a component can reach outside itself, with a file or folder for each
//! kind.
//!
//! | file or folder | contents |
//! |---|---|
//! | `authority`, `authorization` | what a revision may do, and what its deployment was granted |
//! | `blocking` | operations on blocking threads, limited per deployment |
//! | `files` | files, through directories opened at deploy |
//! | `http` | outgoing HTTP requests |
//! | `sockets` | TCP, UDP, and name lookup |
//! | `environment`, `config`, `secrets` | values by name |
//! | `logging` | `wasi:logging` |
//! | `custom`, `provided` | capabilities of the embedder, and their linking |
//!
//! Each kind has the same parts: the functions it links, a view of the instance's state that asks
//! the authority before it acts, and handles that are checked again after a revocation.
//! Tests: `tests/suite/capabilities`, `tests/attacks`.

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
mod open_capabilities;
mod provided;
mod resolver;
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
pub(crate) use files::{FilesView, OpenFiles};
pub use grants_file::{read_grants, write_grants};
#[cfg(feature = "http")]
pub(crate) use http::content_length;
pub(crate) use http::{Connector, LifetimeFlag, OutgoingHttp};
pub(crate) use link::link;
pub(crate) use logging::LoggingView;
pub(crate) use open_capabilities::{CapabilitySettings, OpenCapabilities};
pub(crate) use provided::{LinkedProvider, Providers, provides, provides_function};
pub use resolver::Resolver;
pub use secrets::SecretStore;
pub(crate) use secrets::{NoSecrets, SecretsView};
pub(crate) use sockets::{InstanceNetwork, SocketLeases, SocketsView, address_check};
