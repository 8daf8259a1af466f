//! A server for those who have none.
//!
//! | file | what it does |
//! |---|---|
//! | `connections` | how many connections there are at once, and which gives way to a new one |
//! | `connection` | what one connection may take, and which HTTP it speaks |
//! | `answering` | one request, from its route to its line in the log |
//! | `health` | what whoever spreads requests over servers is told |
//! | `tls` | certificates, which can be replaced |
//! | `taking` | whether the client of an HTTP/2 connection takes what it asks for |
//! | `access` | what is told of each request |
//!
//! Tests: the workspace's `tests/suite/http`.

mod access;
mod answering;
mod connection;
mod connections;
mod health;
mod taking;
mod tls;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use access::{Access, AccessLog};
pub use connections::{Connections, Place, PlaceInUse};
pub use tls::Tls;

use super::HttpService;
use super::route::Routes;
use answering::Answering;
use connection::Connection;
use connections::connections_max_by_default;
use health::Health;

use crate::Host;

/// How long a client may take to say a head, to begin another request, to shake hands, and to
/// take a piece of what is written, unless somebody says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves components over HTTP/1.1 and HTTP/2, with TLS or without.
///
/// A connection may wait 60 s for its next request, and a client may take as long to send a head
/// or to take what is written; one that takes longer is cut off. When there are as many connections
/// as there may be, one that no request uses gives way to a new one. Heads have at most 64 KiB (in
/// HTTP/1.1 up to twice that, and 100 headers). What a client of HTTP/1.0 gets without a length
/// ends where the connection does: that version has no way to tell that it was cut off.
///
/// ```no_run
/// use airssys_wasm_host::{Host, http::HttpServer};
///
/// # async fn program(host: Host) -> Result<(), Box<dyn std::error::Error>> {
/// host.route("/shop", "shop").await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let until = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
/// HttpServer::new(&host).serve(listener, until).await?;
/// # Ok(())
/// # }
/// ```
pub struct HttpServer {
    routes: Arc<ArcSwap<Routes<HttpService>>>,
    tls: Option<Tls>,
    log: Option<Arc<dyn AccessLog>>,
    health: Option<String>,
    patience: Duration,
    connections_max: usize,
}

impl HttpServer {
    /// A server with the routes of a host: a request goes by those there are when its head has
    /// come.
    #[must_use]
    pub fn new(host: &Host) -> Self {
        Self {
            routes: host.0.routing.table(),
            tls: None,
            log: None,
            health: None,
            patience: PATIENCE,
            connections_max: connections_max_by_default(),
        }
    }

    /// Speaks TLS, and nothing else.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }

    /// Who is told of each request once it is answered.
    #[must_use]
    pub fn access_log(self, log: impl AccessLog) -> Self {
        Self {
            log: Some(Arc::new(log)),
            ..self
        }
    }

    /// Answers `GET` and `HEAD` of a path itself, whatever routes there are: `200` as long as it
    /// serves; then it lets nobody in. The access log is not told.
    #[must_use]
    pub fn health(self, path: impl Into<String>) -> Self {
        Self {
            health: Some(path.into()),
            ..self
        }
    }

    /// How long a client may take to shake hands, to say a head, to begin its next request, and to
    /// take a piece of its answer. 60 s unless said.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Bounds how many connections there are at once: by default half of the descriptors that the
    /// process may open, and at most 16,384. A new connection beyond the bound takes the place of
    /// one that no request uses: the oldest that has not sent the head of a request, or else the
    /// one that has waited longest for its next request. While requests use all of them, it waits.
    #[must_use]
    pub fn connections_max(self, connections_max: usize) -> Self {
        Self {
            connections_max,
            ..self
        }
    }

    /// Serves until something happens; then it lets nobody in and waits until every request is
    /// answered. Connections that wait for a request are closed.
    ///
    /// Dropped, it cuts off what is being answered: put a time limit around it to bound the wait.
    ///
    /// # Errors
    ///
    /// The listener's own. Those of a connection are its own business.
    pub async fn serve(
        self,
        listener: TcpListener,
        until: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let graceful = GracefulShutdown::new();
        let (end, ending) = watch::channel(false);
        let answering = Arc::new(Answering {
            routes: self.routes,
            log: self.log,
            is_tls: self.tls.is_some(),
            health: self.health.map(Health),
        });
        let connections = Connections::new(self.connections_max);
        let mut tasks = JoinSet::new();
        let mut until = pin!(until);
        loop {
            let (stream, place) = tokio::select! {
                biased;
                () = &mut until => break,
                accepted = connections.accept(|| listener.accept()) => accepted,
            };
            while tasks.try_join_next().is_some() {}
            let connection = Connection {
                tls: self.tls.clone(),
                answering: Arc::clone(&answering),
                patience: self.patience,
                ending: ending.clone(),
            };
            tasks.spawn(connection.serve(stream, place, graceful.watcher()));
        }
        drop(listener);
        end.send_replace(true);
        connections.close_unused();
        graceful.shutdown().await;
        Ok(())
    }
}
