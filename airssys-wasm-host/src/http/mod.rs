//! Components as HTTP handlers, by the name of their deployment.
//!
//! | file | purpose |
//! |---|---|
//! | `service` | a service for a deployment, to be mounted in a server |
//! | `exchange` | a request, from its admission to the last byte of its response |
//! | `handler` | the guest's handler function, in WASI 0.2 and 0.3 |
//! | `request` | checks and conversion of requests for the guest |
//! | `running` | a guest that runs in the task that reads its response's body |
//! | `body` | the body of a response, from the guest to the client |
//! | `refusal` | responses of the host itself |
//! | `route` | routes by host and path |
//! | `routing` | the routes of a host |
//! | `server` | a server for embedders without one |
//!
//! A request is admitted to one revision, as a call is, and stays with it until its guest has
//! written the last byte of its response. Only `server` deals with sockets.
//!
//! Tests: `tests/suite/http`.

mod body;
mod exchange;
mod handler;
mod refusal;
mod request;
mod route;
mod routing;
mod running;
mod server;
mod service;

pub use body::HttpBody;
pub use exchange::ServingRevision;
pub use route::{Route, RouteError};
pub use routing::ConfiguredRoute;
pub(crate) use routing::HostRoutes;
pub use server::{
    AccessLog, AccessRecord, ActiveRequest, ConnectionPlace, Connections, HttpServer, Tls,
};
pub use service::HttpService;
