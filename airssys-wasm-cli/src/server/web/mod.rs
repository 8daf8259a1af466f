//! The HTTP server for components.
//!
//! | file | contents |
//! |---|---|
//! | `access` | the access log: one line of JSON per request |
//! | `request_metrics` | metrics of requests by component, revision and status |
//!
//! Tests: `airssys-wasm-cli/tests/cli/web.rs`.

mod access;
mod request_metrics;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_host::Host;
use airssys_wasm_host::http::{AccessLog, AccessRecord, Tls};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::shutdown::Shutdown;
use crate::api::{Problem, kinds};
use access::AccessLogWriter;
pub(super) use request_metrics::{RequestMetrics, RequestSeries};

/// The configuration of the HTTP server for components.
pub(crate) struct WebServer {
    address: SocketAddr,
    tls: Option<Tls>,
    access_log: Option<AccessLogWriter>,
    health_path: Option<String>,
}

impl WebServer {
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
            access_log: access_log.map(AccessLogWriter::open).transpose()?,
            health_path: health,
        })
    }

    /// Starts listening. Returns a future that serves until the process shuts down. A client must
    /// send the head of a request, and read each part of a response, within `client_timeout`.
    pub(super) async fn serve(
        self,
        host: Host,
        client_timeout: Duration,
        requests: Arc<RequestMetrics>,
        shutdown: Shutdown,
    ) -> Result<impl Future<Output = io::Result<()>> + use<>, Problem> {
        let listener = TcpListener::bind(self.address).await.map_err(|error| {
            Problem::new(kinds::IO, format!("cannot listen on `{}`", self.address))
                .with_cause(error)
        })?;
        let address = listener.local_addr().unwrap_or(self.address);
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        tracing::info!("serving components at {scheme}://{address}");
        let mut server = host.http().server().client_timeout(client_timeout);
        server = server.access_log(AccessSinks {
            requests,
            access_log: self.access_log,
        });
        if let Some(path) = self.health_path {
            server = server.health(path);
        }
        if let Some(tls) = self.tls {
            reload_on_hangup(tls.clone())?;
            server = server.tls(tls);
        }
        Ok(server.serve(listener, shutdown.started()))
    }
}

/// Reloads the certificate from its files on SIGHUP.
fn reload_on_hangup(tls: Tls) -> Result<(), Problem> {
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| {
        Problem::new(kinds::IO, "cannot install signal handlers").with_cause(error)
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
struct AccessSinks {
    requests: Arc<RequestMetrics>,
    access_log: Option<AccessLogWriter>,
}

impl AccessLog for AccessSinks {
    fn record(&self, access: AccessRecord) {
        self.requests.count(&access);
        if let Some(lines) = &self.access_log {
            lines.write(&access);
        }
    }
}
