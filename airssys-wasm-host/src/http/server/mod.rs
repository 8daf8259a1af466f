//! A server for embedders without one.
//!
//! | file | purpose |
//! |---|---|
//! | `connections` | the limit of concurrent connections, and the choice of the one that is evicted for a new one |
//! | `connection` | a connection: its HTTP version, limits and timeouts |
//! | `request_handler` | a request: a health check, or the deployment of its route |
//! | `request_host` | the host that a request asks for |
//! | `response_tracker` | a response on its way to the client |
//! | `health` | the health check for load balancers |
//! | `tls` | certificates, which can be reloaded |
//! | `client_progress` | detection of HTTP/2 clients that stop reading |
//! | `access` | the access log |
//!
//! Tests: `tests/suite/http`.

mod access;
mod client_progress;
mod connection;
mod connections;
mod health;
mod request_handler;
mod request_host;
mod response_tracker;
mod tls;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::uri;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use access::{AccessLog, AccessRecord};
pub use connections::{ActiveRequest, ConnectionSlot, Connections};
pub use tls::Tls;

use super::route::RouteTable;
use super::routing::HostRoutes;
use super::service::HttpService;
use connection::ServerConnection;
use connections::default_connections_max;
use health::HealthPath;
use request_handler::RequestHandler;

/// The default time that a client may take for the TLS handshake, to send a head, to begin another
/// request, and to read a chunk of the response.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(60);

/// A server for components over HTTP/1.1 and HTTP/2, with or without TLS.
///
/// A client may take 60 s to begin its next request, to send a head, or to read a chunk of a
/// response; slower ones are disconnected. When the maximum number of connections is reached, an
/// idle one is closed to make room for a new one. Heads are limited to 64 KiB (in HTTP/1.1 up to
/// twice that, and 100 headers). A response without a length to an HTTP/1.0 client ends with the
/// connection: that version cannot signal that it was cut off.
///
/// ```no_run
/// use airssys_wasm_host::Host;
///
/// # async fn program(host: Host) -> Result<(), Box<dyn std::error::Error>> {
/// host.http().set_route("/shop", "shop").await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let until = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
/// host.http().server().serve(listener, until).await?;
/// # Ok(())
/// # }
/// ```
pub struct HttpServer {
    routes: Arc<ArcSwap<RouteTable<HttpService>>>,
    tls: Option<Tls>,
    log: Option<Arc<dyn AccessLog>>,
    health: Option<String>,
    client_timeout: Duration,
    connections_max: usize,
}

impl HttpServer {
    /// Creates a server with the routes of a host. A request uses the routes that exist when its
    /// head has arrived.
    #[must_use]
    pub(crate) fn new(routes: &HostRoutes) -> Self {
        Self {
            routes: routes.table(),
            tls: None,
            log: None,
            health: None,
            client_timeout: CLIENT_TIMEOUT,
            connections_max: default_connections_max(),
        }
    }

    /// Serves TLS only.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }

    /// Sets a log for requests, called when a request has been responded to or its client has
    /// disconnected.
    #[must_use]
    pub fn access_log(self, log: impl AccessLog) -> Self {
        Self {
            log: Some(Arc::new(log)),
            ..self
        }
    }

    /// Responds with `200` to `GET` and `HEAD` of a path, regardless of routes. A server that shuts
    /// down accepts no more connections, so these requests fail then. They are not recorded in the
    /// access log.
    #[must_use]
    pub fn health(self, path: impl Into<String>) -> Self {
        Self {
            health: Some(path.into()),
            ..self
        }
    }

    /// Sets the time that a client may take for the TLS handshake, to send a head, to begin its next
    /// request, and to read a chunk of its response. Defaults to 60 s.
    #[must_use]
    pub fn client_timeout(self, client_timeout: Duration) -> Self {
        Self {
            client_timeout,
            ..self
        }
    }

    /// Sets the maximum number of concurrent connections. Defaults to half of the descriptors that
    /// the process may open, and at most 16,384. A new connection beyond the maximum evicts an idle
    /// one: the oldest that has not sent the head of a request, otherwise the one that has waited
    /// longest for its next request. While requests use all connections, the new one waits.
    #[must_use]
    pub fn connections_max(self, connections_max: usize) -> Self {
        Self {
            connections_max,
            ..self
        }
    }

    /// Serves until `until` resolves, then closes idle connections, accepts no more, and waits until
    /// every request in progress has been responded to.
    ///
    /// Dropping the future cuts off the responses in progress: use a timeout to limit the wait.
    ///
    /// # Errors
    ///
    /// An error of the listener that cannot pass: it is closed, or is not a listening socket. The
    /// requests in progress are responded to first. A lack of descriptors is waited for, and an
    /// error of a connection ends only that connection.
    pub async fn serve(
        self,
        listener: TcpListener,
        until: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let graceful = GracefulShutdown::new();
        let (shutdown_sender, shutdown) = watch::channel(false);
        let handler = Arc::new(RequestHandler {
            routes: self.routes,
            log: self.log,
            scheme: if self.tls.is_some() {
                uri::Scheme::HTTPS
            } else {
                uri::Scheme::HTTP
            },
            health: self.health.map(HealthPath),
        });
        let connections = Connections::new(self.connections_max);
        let mut tasks = JoinSet::new();
        let mut until = pin!(until);
        let outcome = loop {
            let accepted = tokio::select! {
                biased;
                () = &mut until => break Ok(()),
                accepted = connections.accept(|| listener.accept()) => accepted,
            };
            let (stream, slot) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => break Err(error),
            };
            while tasks.try_join_next().is_some() {}
            let connection = ServerConnection {
                tls: self.tls.clone(),
                handler: Arc::clone(&handler),
                client_timeout: self.client_timeout,
                shutdown: shutdown.clone(),
            };
            tasks.spawn(connection.serve(stream, slot, graceful.watcher()));
        };
        drop(listener);
        shutdown_sender.send_replace(true);
        connections.close_unused();
        graceful.shutdown().await;
        outcome
    }
}
