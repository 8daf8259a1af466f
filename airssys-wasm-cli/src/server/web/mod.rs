//! The HTTP server for components.
//!
//! | file | contents |
//! |---|---|
//! | `access` | the access log: one line of JSON per request |
//! | `counted` | metrics of requests by component, revision and status |
//!
//! Tests: `airssys-wasm-cli/tests/cli/web.rs`.

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

/// The configuration of the HTTP server for components.
pub(crate) struct Web {
    address: SocketAddr,
    tls: Option<Tls>,
    lines: Option<AccessLines>,
    health: Option<String>,
}

impl Web {
    /// Loads the certificate and opens the access log, if configured.
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

    /// Starts listening. Returns a future that serves until the process shuts down. A client must
    /// send the head of a request, and read each part of a response, within `patience`.
    pub(super) async fn serve(
        self,
        host: Host,
        patience: Duration,
        requests: Arc<Requests>,
        ending: Ending,
    ) -> Result<impl Future<Output = io::Result<()>> + use<>, Problem> {
        let listener = TcpListener::bind(self.address).await.map_err(|error| {
            Problem::new(kinds::IO, format!("cannot listen on `{}`", self.address)).because(error)
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

/// Reloads the certificate from its files on SIGHUP.
fn read_again_on_hangup(tls: Tls) -> Result<(), Problem> {
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| {
        Problem::new(kinds::IO, "cannot install signal handlers").because(error)
    })?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match tls.reload() {
                Ok(()) => tracing::info!("reloaded the certificate"),
                Err(error) => {
                    tracing::error!(%error, "cannot reload the certificate; keeping the previous one")
                }
            }
        }
    });
    Ok(())
}

/// The recipients of access records: metrics and the access log.
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
