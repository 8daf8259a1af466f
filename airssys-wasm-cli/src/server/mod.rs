//! The host process: a host with a state directory, and an API to it over a socket.
//!
//! | file | what it does |
//! |---|---|
//! | `socket` | a socket that only its owner may use |
//! | `tcp` | the same over TCP, for who brings a token |
//! | `systemd` | what that hands over and is told |
//! | `journal` | the last lines and decisions, for who asks later and who watches |
//! | `routes` | which path does what |
//! | `deployments`, `rollouts`, `grants`, `calls`, `packages`, `pipelines`, `watching` | what is behind them |
//! | `apply`, `compare` | what should be, and how it is otherwise |
//! | `dead_letters` | what pipelines put aside |
//! | `routing` | which name answers which HTTP requests |
//! | `web` | components over HTTP, for whoever asks |
//! | `metrics` | what is counted, as Prometheus reads it |
//! | `upload` | a component with what is said of it |
//! | `lines` | what comes and goes a line each |
//! | `reply` | an answer, or a problem with its status |
//! | `runtimes` | one runtime answers the API, another runs guests |
//! | `listening` | connections to the API: how many, and how long they may wait |
//! | `reserve` | connections to the API that calls leave to an operator |
//! | `to_its_end` | what a connection that ends does not stop |
//! | `ending` | from the signal to the last answer |

mod apply;
mod calls;
mod compare;
mod dead_letters;
mod deployments;
mod ending;
mod grants;
mod journal;
mod lines;
mod listening;
mod metrics;
mod packages;
mod pipelines;
mod reply;
mod reserve;
mod rollouts;
mod routes;
mod routing;
mod runtimes;
mod socket;
mod systemd;
mod tcp;
mod to_its_end;
mod upload;
mod watching;
mod web;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use airssys_wasm_core::Limits;
use airssys_wasm_host::{Budget, CompilerProcess, Host};
use tokio::runtime::Handle;

use crate::api::{Problem, kinds};
use dead_letters::LetterBox;
use ending::Ending;
use journal::Journal;
pub(crate) use routes::description;
use runtimes::Runtimes;
use socket::OwnersSocket;
pub(crate) use tcp::Tcp;
pub(crate) use web::Web;

/// How a host process is set up.
pub(crate) struct Setup {
    pub(crate) state_directory: PathBuf,
    pub(crate) socket: PathBuf,
    pub(crate) revisions_kept: usize,
    /// How long it waits for calls in flight when it ends.
    pub(crate) drain: Duration,
    /// How long a client may take to send the head of a request, on every listener.
    pub(crate) patience: Duration,
    /// What all components take together.
    pub(crate) budget: Budget,
    /// Of components that are deployed without limits of their own.
    pub(crate) limits: Limits,
    /// Where it listens besides the socket.
    pub(crate) tcp: Option<Tcp>,
    pub(crate) web: Option<Web>,
}

/// What every request can reach.
#[derive(Clone)]
pub(crate) struct Process {
    host: Host,
    journal: Arc<Journal>,
    requests: Arc<web::Requests>,
    ending: Ending,
    /// Of components that are deployed without limits of their own.
    limits: Limits,
    /// The runtime that answers the API.
    admin: Handle,
    /// The runtime that guests run on.
    guests: Handle,
}

impl Process {
    /// Runs what blocks, on a thread that guests cannot hold.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Host) -> airssys_wasm_host::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let host = self.host.clone();
        match self.admin.spawn_blocking(move || work(&host)).await {
            Ok(outcome) => outcome.map_err(Problem::from),
            Err(error) => {
                Err(Problem::new(kinds::INTERNAL, "the operation did not return").because(error))
            }
        }
    }
}

/// Serves until a signal ends it.
///
/// # Errors
///
/// What is in the way of its beginning, or of its end.
pub(crate) fn serve(setup: Setup) -> Result<(), Problem> {
    let runtimes = Runtimes::new()?;
    let ending = Ending::on_signals(setup.drain)?;
    let outcome = runtimes.block_on(serve_until(setup, runtimes.guests(), ending));
    runtimes.end();
    outcome
}

async fn serve_until(setup: Setup, guests: Handle, ending: Ending) -> Result<(), Problem> {
    let journal = Arc::new(Journal::default());
    let host = Host::builder()
        .state_directory(&setup.state_directory)
        .revisions_kept(setup.revisions_kept)
        .limits(setup.limits.clone())
        .budget(setup.budget)
        .compiler_process(CompilerProcess::of_this_program()?)
        .guest_log(Arc::clone(&journal))
        .audit_log(Arc::clone(&journal))
        .dead_letters(LetterBox::of(&setup.state_directory))
        .build()?;
    let handed = systemd::listener()?;
    // Whoever opened it removes it.
    let is_ours = handed.is_none();
    let listener = match handed {
        Some(listener) => OwnersSocket::of(listener)?,
        None => OwnersSocket::bind(&setup.socket)?,
    };
    let process = Process {
        host,
        journal,
        requests: Arc::default(),
        ending: ending.clone(),
        limits: setup.limits,
        admin: Handle::current(),
        guests,
    };
    tell_ready(&process, &setup.socket);
    let components = serve_components(setup.web, &process, setup.patience).await?;
    let router = routes::router(process);
    let over_tcp = serve_tcp(setup.tcp, router.clone(), setup.patience, ending.clone()).await?;
    let served = listening::serve(listener, router, setup.patience, ending.clone());
    systemd::tell_ready();
    let all = async { tokio::try_join!(served, over_tcp, components).map(drop) };
    let outcome = ending.within(setup.drain, all).await;
    if is_ours {
        remove_socket(&setup.socket);
    }
    outcome
}

/// Serves the API over TCP as well, if that was asked for.
async fn serve_tcp(
    tcp: Option<Tcp>,
    router: axum::Router,
    patience: Duration,
    ending: Ending,
) -> Result<impl Future<Output = io::Result<()>>, Problem> {
    let listener = match &tcp {
        Some(tcp) => Some(tcp.bind().await?),
        None => None,
    };
    if let Some(address) = listener
        .as_ref()
        .and_then(|listener| listener.local_addr().ok())
    {
        tracing::info!(%address, "serving over TCP");
    }
    Ok(async move {
        match (tcp, listener) {
            (Some(tcp), Some(listener)) => {
                listening::serve(listener, tcp.guard(router), Tcp::patience(patience), ending).await
            }
            _ => Ok(()),
        }
    })
}

/// Serves components on the runtime that guests run on, if that was asked for.
async fn serve_components(
    web: Option<Web>,
    process: &Process,
    patience: Duration,
) -> Result<impl Future<Output = io::Result<()>> + use<>, Problem> {
    let serving = match web {
        Some(web) => {
            let serve = web.serve(
                process.host.clone(),
                patience,
                Arc::clone(&process.requests),
                process.ending.clone(),
            );
            let begun = process.guests.spawn(serve).await;
            let served = begun.map_err(|error| {
                Problem::new(kinds::INTERNAL, "serving components was not begun").because(error)
            })??;
            Some(process.guests.spawn(served))
        }
        None => None,
    };
    Ok(async move {
        match serving {
            Some(serving) => serving.await.map_err(io::Error::other)?,
            None => Ok(()),
        }
    })
}

fn tell_ready(process: &Process, socket: &Path) {
    let deployments = process.host.summaries().len();
    tracing::info!(deployments, socket = %socket.display(), "serving");
    for (name, problem) in process.host.lost() {
        tracing::error!(name, problem, "lost: deploy it anew");
    }
}

fn remove_socket(socket: &Path) {
    // Nobody is there to answer any more, whether or not the name goes.
    let _ = std::fs::remove_file(socket);
}
