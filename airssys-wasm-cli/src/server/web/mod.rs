//! Components over HTTP, for whoever asks.
//!
//! | file | what it does |
//! |---|---|
//! | `access` | a line of JSON for each request |
//! | `counted` | requests by component, revision and status, for Prometheus |
//!
//! Tests: the crate's `tests/cli/web`.

mod access;
mod counted;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::Host;
use airssys_wasm_host::http::{Access, AccessLog, HttpServer, Tls};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::ending::Ending;
use crate::api::{Problem, kinds};
use access::AccessLines;
pub(super) use counted::Requests;

/// Where components are served, and what is told of it.
pub(crate) struct Web {
    address: SocketAddr,
    tls: Option<Tls>,
    lines: Option<AccessLines>,
    health: Option<String>,
}

impl Web {
    /// Reads certificates, if there are any, and opens the access log, if there is one.
    pub(crate) fn new(
        address: SocketAddr,
        tls: Option<(PathBuf, PathBuf)>,
        access_log: Option<&Path>,
        health: Option<String>,
    ) -> Result<Self, Problem> {
        let tls = tls
            .map(|(certificate, key)| Tls::from_files(certificate, key))
            .transpose()?;
        Ok(Self {
            address,
            tls,
            lines: access_log.map(AccessLines::open).transpose()?,
            health,
        })
    }

    /// Listens, and gives what serves until the process ends. A client has `patience` to send the
    /// head of a request, and to take a piece of its answer.
    pub(super) async fn serve(
        self,
        host: Host,
        patience: Duration,
        requests: Arc<Requests>,
        ending: Ending,
    ) -> Result<impl Future<Output = io::Result<()>> + use<>, Problem> {
        let listener = TcpListener::bind(self.address).await.map_err(|error| {
            Problem::new(kinds::IO, format!("cannot listen at `{}`", self.address)).because(error)
        })?;
        let address = listener.local_addr().unwrap_or(self.address);
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        tracing::info!("serving components at {scheme}://{address}");
        let mut server = HttpServer::new(&host).patience(patience);
        server = server.access_log(Told {
            requests,
            lines: self.lines,
        });
        if let Some(path) = self.health {
            server = server.health(path);
        }
        if let Some(tls) = self.tls {
            read_again_on_hangup(tls.clone())?;
            server = server.tls(tls);
        }
        Ok(server.serve(listener, ending.begun()))
    }
}

/// Has certificates replaced when their files have been: `kill -HUP`.
fn read_again_on_hangup(tls: Tls) -> Result<(), Problem> {
    let mut hangup = signal(SignalKind::hangup())
        .map_err(|error| Problem::new(kinds::IO, "signals cannot be listened to").because(error))?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match tls.reload() {
                Ok(()) => tracing::info!("certificates were read again"),
                Err(error) => tracing::error!(%error, "those that were read before stay"),
            }
        }
    });
    Ok(())
}

/// Everybody who is told of requests.
struct Told {
    requests: Arc<Requests>,
    lines: Option<AccessLines>,
}

impl AccessLog for Told {
    fn record(&self, access: Access) {
        self.requests.count(&access);
        if let Some(lines) = &self.lines {
            lines.write(&access);
        }
    }
}
