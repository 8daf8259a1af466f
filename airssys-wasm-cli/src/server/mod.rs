//! The host process: a host with a state directory, and its API over a Unix socket.
//!
//! | file | contents |
//! |---|---|
//! | `socket` | the Unix socket that only its owner may use |
//! | `tcp` | the API over TCP, with a token |
//! | `systemd` | socket activation and readiness notification |
//! | `journal` | the most recent guest output and policy decisions |
//! | `handlers` | the API's handlers, one file per noun, and its router |
//! | `dead_letters` | the file of pipelines' dead letters |
//! | `web` | the HTTP server for components |
//! | `upload` | multipart forms with a component and its options |
//! | `lines` | responses of JSON lines |
//! | `reply` | JSON responses, and problems with their HTTP status |
//! | `runtimes` | separate runtimes for the API and for guests |
//! | `listening` | limits and timeouts of API connections |
//! | `reserve` | API connections that calls leave free for operators |
//! | `completion` | requests that complete even if the client disconnects |
//! | `shutdown` | shutdown, from the signal to the last response |

mod completion;
mod dead_letters;
mod handlers;
mod journal;
mod lines;
mod listening;
mod reply;
mod reserve;
mod runtimes;
mod shutdown;
mod socket;
mod systemd;
mod tcp;
mod upload;
mod web;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_core::Limits;
use airssys_wasm_host::{Budget, CompilerProcess, Host};
use tokio::runtime::Handle;

use crate::api::{Problem, kinds};
use dead_letters::DeadLetterFile;
pub(crate) use handlers::openapi_json;
use journal::Journal;
use runtimes::Runtimes;
use shutdown::Shutdown;
use socket::OwnerSocket;
pub(crate) use tcp::TcpEndpoint;
pub(crate) use web::WebServer;

/// The configuration of a host process.
pub(crate) struct ServerConfig {
    pub(crate) state_directory: PathBuf,
    pub(crate) socket: PathBuf,
    /// The number of revisions retained for each deployment, including the active one.
    pub(crate) revisions_kept: usize,
    /// Time to wait for calls in flight at shutdown.
    pub(crate) drain: Duration,
    /// Time a client may take to send the head of a request, on every listener.
    pub(crate) client_timeout: Duration,
    /// Resources for all components together.
    pub(crate) budget: Budget,
    /// Default limits, for components deployed without their own.
    pub(crate) limits: Limits,
    /// The API's TCP listener, in addition to the socket.
    pub(crate) tcp: Option<TcpEndpoint>,
    /// The HTTP server for components.
    pub(crate) web: Option<WebServer>,
}

/// The state shared by all request handlers.
#[derive(Clone)]
pub(crate) struct ServerState {
    host: Host,
    journal: Arc<Journal>,
    requests: Arc<web::RequestMetrics>,
    shutdown: Shutdown,
    /// The runtime that serves the API.
    admin: Handle,
    /// The runtime that guests run on.
    guests: Handle,
}

/// Serves until a signal ends the process.
///
/// # Errors
///
/// Fails if the host or a listener cannot be started, or if serving fails.
pub(crate) fn serve(config: ServerConfig) -> Result<(), Problem> {
    let runtimes = Runtimes::new()?;
    let shutdown = Shutdown::on_signals(config.drain)?;
    let outcome = runtimes.block_on(serve_until(config, runtimes.guests(), shutdown));
    runtimes.shutdown();
    outcome
}

async fn serve_until(
    config: ServerConfig,
    guests: Handle,
    shutdown: Shutdown,
) -> Result<(), Problem> {
    let journal = Arc::new(Journal::default());
    let host = Host::builder()
        .state_directory(&config.state_directory)
        .revisions_kept(config.revisions_kept)
        .limits(config.limits)
        .budget(config.budget)
        .compiler_process(CompilerProcess::from_current_program()?)
        .guest_log(Arc::clone(&journal))
        .audit_log(Arc::clone(&journal))
        .dead_letters(DeadLetterFile::new(&config.state_directory))
        .build()?;
    let inherited = systemd::listener()?;
    // A socket is removed by the process that created it.
    let is_ours = inherited.is_none();
    let listener = match inherited {
        Some(listener) => OwnerSocket::from_std(listener)?,
        None => OwnerSocket::bind(&config.socket)?,
    };
    let server = ServerState {
        host,
        journal,
        requests: Arc::default(),
        shutdown: shutdown.clone(),
        admin: Handle::current(),
        guests,
    };
    log_ready(&server, &config.socket).await?;
    let components = serve_components(config.web, &server, config.client_timeout).await?;
    let router = handlers::router(server);
    let over_tcp = serve_tcp(
        config.tcp,
        router.clone(),
        config.client_timeout,
        shutdown.clone(),
    )
    .await?;
    let served = listening::serve(listener, router, config.client_timeout, shutdown.clone());
    systemd::notify_ready();
    let all = async { tokio::try_join!(served, over_tcp, components).map(drop) };
    let outcome = shutdown.wait_for(config.drain, all).await;
    if is_ours {
        remove_socket(&config.socket);
    }
    outcome
}

/// Serves the API over TCP, if configured.
async fn serve_tcp(
    tcp: Option<TcpEndpoint>,
    router: axum::Router,
    client_timeout: Duration,
    shutdown: Shutdown,
) -> Result<impl Future<Output = io::Result<()>>, Problem> {
    let listener = match &tcp {
        Some(tcp) => Some(tcp.bind().await?),
        None => None,
    };
    if let Some(address) = listener
        .as_ref()
        .and_then(|listener| listener.local_addr().ok())
    {
        tracing::info!(%address, "serving the API over TCP");
    }
    Ok(async move {
        match (tcp, listener) {
            (Some(tcp), Some(listener)) => {
                listening::serve(
                    listener,
                    tcp.require_token(router),
                    TcpEndpoint::client_timeout(client_timeout),
                    shutdown,
                )
                .await
            }
            _ => Ok(()),
        }
    })
}

/// Serves components over HTTP, on the runtime for guests, if configured.
async fn serve_components(
    web: Option<WebServer>,
    server: &ServerState,
    client_timeout: Duration,
) -> Result<impl Future<Output = io::Result<()>> + use<>, Problem> {
    let task = match web {
        Some(web) => {
            let serve = web.serve(
                server.host.clone(),
                client_timeout,
                Arc::clone(&server.requests),
                server.shutdown.clone(),
            );
            let started = server.guests.spawn(serve).await;
            let serving = started.map_err(|error| {
                Problem::new(kinds::INTERNAL, "cannot start serving components").with_cause(error)
            })??;
            Some(server.guests.spawn(serving))
        }
        None => None,
    };
    Ok(async move {
        match task {
            Some(task) => task.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    })
}

async fn log_ready(server: &ServerState, socket: &Path) -> Result<(), Problem> {
    let deployments = server.host.deployments();
    let count = deployments.summaries().await?.len();
    tracing::info!(deployments = count, socket = %socket.display(), "serving");
    Ok(())
}

fn remove_socket(socket: &Path) {
    // A leftover socket does no harm: the next process replaces it.
    let _ = std::fs::remove_file(socket);
}
