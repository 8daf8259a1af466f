//! Components that answer HTTP requests, by the name they are deployed under.
//!
//! | file | what it does |
//! |---|---|
//! | `service` | a service for a name, to be mounted in a server |
//! | `exchange` | one request, from its admission to the last byte of its answer |
//! | `handler` | what a guest exports that answers requests, in WASI 0.2 or 0.3 |
//! | `request` | what a guest is given of a request, and what never reaches one |
//! | `running` | a guest that runs where the body of its answer is read |
//! | `body` | the body of an answer, from the guest to whoever reads it |
//! | `refusal` | answers that no guest gave |
//! | `route` | which deployment answers which requests |
//! | `routing` | the routes of a host |
//! | `server` | a server for those who have none |
//!
//! A request is admitted to one revision, as a call is, and stays with it until its guest has
//! written the last byte of its answer. Only `server` knows sockets.
//! Tests: the workspace's `tests/suite/http`.

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
pub use exchange::Served;
pub use route::{Route, RouteError};
pub(crate) use routing::Routing;
pub use server::{Access, AccessLog, Connections, HttpServer, Place, PlaceInUse, Tls};
pub use service::HttpService;
