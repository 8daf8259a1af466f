//! `airssys-wasm serve`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use airssys_wasm_core::parse_bytes;
use airssys_wasm_host::Budget;
use clap::Args;
use tracing::level_filters::LevelFilter;

use super::Common;
use crate::api::{Problem, kinds};
use crate::output::LogWriter;
use crate::places;
use crate::server::{self, Setup, Tcp, Web};
use crate::settings::{Settings, check_compile_memory, check_patience};

/// The time that a client may take by default.
const PATIENCE: Duration = Duration::from_secs(60);

/// Run a host process in the foreground, until it is told to end
///
/// It comes back with everything that was deployed in its state directory. SIGTERM and Ctrl-C
/// end it once calls in flight have ended; the second time, at once. What is said here goes
/// before the file of settings.
#[derive(Args, Debug)]
pub(super) struct Serve {
    /// A TOML file of settings; `settings.example.toml` in the source has every key
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// How many revisions of each name are kept for a rollback, the one that serves included
    /// [default: 5]
    #[arg(long, value_name = "COUNT")]
    revisions_kept: Option<usize>,
    /// How long it waits for calls in flight when it ends [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    drain: Option<Duration>,
    /// How long a client may take to send the head of a request, to begin its next one, and to
    /// take a piece of an answer from a component; over TCP, `--tcp`, at most 10s [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = patience)]
    patience: Option<Duration>,
    /// Memory that all components take together at most: `2GiB` [default: three quarters of the
    /// memory of the machine or of the control group]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    memory_budget: Option<u64>,
    /// Percent of the memory budget that one deployment takes at most [default: 50]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    deployment_share: Option<u8>,
    /// Memory that all compilers take together at most: `1GiB` [default: a quarter of the memory of
    /// the machine or of the control group, at least 512MiB]
    #[arg(long, value_name = "SIZE", value_parser = compile_memory)]
    compile_memory: Option<u64>,
    /// Longest time that the compiler of one component may take [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    compile_time: Option<Duration>,
    /// Serve the API over TCP too, at an address of this machine: 127.0.0.1:7070
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    tcp: Option<SocketAddr>,
    /// The file of the token that requests over TCP bring along
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Have components answer HTTP requests at an address, as `airssys-wasm route` says:
    /// `127.0.0.1:8080`
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
    /// A certificate in PEM, to speak TLS there; SIGHUP has it read again
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key in PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Append a line of JSON for each of those requests; `-` is standard output
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
    /// A path that it answers itself there, for load balancers: 200 as long as it serves
    #[arg(long, value_name = "PATH")]
    health_path: Option<String>,
    /// What the log on standard error looks like: text, or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log: Option<String>,
    /// How much is logged: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl Serve {
    pub(super) fn run(self, common: &Common) -> Result<(), Problem> {
        let settings = self
            .settings
            .as_deref()
            .map(Settings::read)
            .transpose()?
            .unwrap_or_default();
        let budget = self.budget(&settings);
        begin_log(
            self.log.or(settings.log).as_deref().unwrap_or("text"),
            self.log_level
                .or(settings.log_level)
                .as_deref()
                .unwrap_or("info"),
        )?;
        let said = common.state.clone().or(settings.state_directory);
        let state_directory = said.unwrap_or_else(places::state_directory);
        let socket = common.socket.clone().or(settings.socket);
        let tcp = match (
            self.tcp.or(settings.tcp),
            self.token_file.or(settings.token_file),
        ) {
            (Some(address), Some(token_file)) => Some(Tcp::new(address, &token_file)?),
            (Some(_), None) => {
                let message = "who may ask over TCP? say the file of a token with `--token-file`";
                return Err(Problem::new(kinds::USAGE, message));
            }
            (None, _) => None,
        };
        let web = web(
            self.listen.or(settings.listen),
            (
                self.tls_certificate.or(settings.tls_certificate),
                self.tls_key.or(settings.tls_key),
            ),
            self.access_log.or(settings.access_log).as_deref(),
            self.health_path.or(settings.health_path),
        )?;
        server::serve(Setup {
            budget,
            tcp,
            web,
            socket: socket.unwrap_or_else(|| places::socket_in(&state_directory)),
            state_directory,
            revisions_kept: self.revisions_kept.or(settings.revisions_kept).unwrap_or(5),
            drain: self
                .drain
                .or(settings.drain)
                .unwrap_or(Duration::from_secs(30)),
            patience: self.patience.or(settings.patience).unwrap_or(PATIENCE),
            limits: settings.limits.unwrap_or_default(),
        })
    }

    /// The budget of the machine, but for what was specified.
    fn budget(&self, settings: &Settings) -> Budget {
        let machine = Budget::from_machine();
        let share_percent = self.deployment_share.or(settings.deployment_share);
        let compile_memory = self.compile_memory.or(settings.compile_memory);
        let compile_time = self.compile_time.or(settings.compile_time);
        Budget {
            memory_bytes: self
                .memory_budget
                .or(settings.memory_budget)
                .unwrap_or(machine.memory_bytes),
            share_percent: share_percent.unwrap_or(machine.share_percent),
            compile_memory_bytes: compile_memory.unwrap_or(machine.compile_memory_bytes),
            compile_time_max: compile_time.unwrap_or(machine.compile_time_max),
            ..machine
        }
    }
}

fn compile_memory(text: &str) -> Result<u64, String> {
    let bytes = parse_bytes(text).map_err(|error| error.to_string())?;
    check_compile_memory(bytes).map_err(str::to_owned)
}

fn patience(text: &str) -> Result<Duration, String> {
    let patience = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    check_patience(patience).map_err(str::to_owned)
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| {
        "write numbers and a port: `127.0.0.1:8080` for this machine alone, `0.0.0.0:8080` for all that reach it"
    })
}

/// Where components are served. What is said of that needs an address.
fn web(
    address: Option<SocketAddr>,
    tls: (Option<PathBuf>, Option<PathBuf>),
    access_log: Option<&Path>,
    health: Option<String>,
) -> Result<Option<Web>, Problem> {
    let usage = |message: &str| Err(Problem::new(kinds::USAGE, message));
    let tls = match tls {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return usage(
                "a certificate and its key go together: `--tls-certificate` and `--tls-key`",
            );
        }
    };
    if health.as_ref().is_some_and(|path| !path.starts_with('/')) {
        return usage("the path that tells health begins with `/`: `--health-path /healthz`");
    }
    match address {
        Some(address) => Web::new(address, tls, access_log, health).map(Some),
        None if tls.is_none() && access_log.is_none() && health.is_none() => Ok(None),
        None => usage("where should components be served? say it with `--listen 127.0.0.1:8080`"),
    }
}

fn begin_log(format: &str, level: &str) -> Result<(), Problem> {
    let level = LevelFilter::from_str(level).map_err(|_| {
        let message = format!(
            "`{}` is no level; write error, warn, info, debug or trace",
            level.escape_debug()
        );
        Problem::new(kinds::USAGE, message)
    })?;
    // Colours are escapes, which the writer does not let through.
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false);
    match format {
        "text" => log
            .with_writer(|| LogWriter::Text)
            .with_target(false)
            .init(),
        "json" => log
            .with_writer(|| LogWriter::Json)
            .json()
            .flatten_event(true)
            .init(),
        other => {
            let message = format!(
                "`{}` is no format of the log; write text or json",
                other.escape_debug()
            );
            return Err(Problem::new(kinds::USAGE, message));
        }
    }
    Ok(())
}
