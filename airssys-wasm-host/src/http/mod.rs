//! Components as HTTP handlers, by the name of their deployment.
//!
//! A request is admitted to one revision, as a call is, and stays with it until its guest has
//! written the last byte of its response. It passes through these files, in this order:
//!
//! | state of a request | file | next |
//! |---|---|---|
//! | its head has arrived | `server/request_handler` | a route, or a refusal; `service` if an embedder mounts it |
//! | waits for admission to a revision | `service` | admitted, or refused |
//! | is checked | `request` | given to a guest (`guest_call`, `handler`), or refused |
//! | waits for the head of the response | `respond`, which runs the guest | the head is passed on, or refused |
//! | its body streams | `guest_body`, which runs the guest (`streaming_guest`) | complete, or cut off |
//! | its response is sent | `server/response_tracker` | recorded in the access log |
//!
//! From the guest on, `response_state` has the state of the response and all its transitions, and
//! `exchange` shares it between the guest's and the client's side. A refusal is a response of the
//! host (`refusal`).
//!
//! | file | purpose |
//! |---|---|
//! | `body` | the body of a response to a client: of a guest, or of the host |
//! | `request_uri` | the URI of a request, as a guest sees it |
//! | `serving_revision` | the revision that a request was given to |
//! | `route` | routes by host and path |
//! | `routing` | the routes of a host |
//! | `server` | a server for embedders without one; only it deals with sockets |
//!
//! Tests: `tests/suite/http`.

mod body;
mod exchange;
mod guest_body;
mod guest_call;
mod handler;
mod refusal;
mod request;
mod request_uri;
mod respond;
mod response_state;
mod route;
mod routing;
mod server;
mod service;
mod serving_revision;
mod streaming_guest;

pub use body::HttpBody;
pub use route::{Route, RouteError};
pub use routing::ConfiguredRoute;
pub(crate) use routing::HostRoutes;
pub use server::{
    AccessLog, AccessRecord, ActiveRequest, ConnectionSlot, Connections, HttpServer, Tls,
};
pub use service::HttpService;
pub use serving_revision::ServingRevision;
