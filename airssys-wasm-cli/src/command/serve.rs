//! `airssys-wasm serve`
//!
//! Tests: `airssys-wasm-cli/tests/cli/serving.rs`, `airssys-wasm-cli/tests/cli/web.rs`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use airssys_wasm_core::parse_bytes;
use airssys_wasm_host::Budget;
use clap::Args;
use tracing::level_filters::LevelFilter;

use super::CommonOptions;
use crate::api::{Problem, kinds};
use crate::output::LogWriter;
use crate::paths;
use crate::server::{self, ServerConfig, TcpEndpoint, WebServer};
use crate::settings::{Settings, check_client_timeout, check_compile_memory};

/// The default timeout for clients.
const CLIENT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(60);

/// Run a host process in the foreground until it is terminated
///
/// Restores all deployments from its state directory. SIGTERM or Ctrl-C ends the process once calls
/// in flight have ended; a second signal ends it immediately. Options given here take precedence
/// over the settings file.
#[derive(Args, Debug)]
pub(super) struct ServeCommand {
    /// TOML file with settings; `settings.example.toml` in the source documents every key
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Number of revisions to retain for each deployment, including the active one [default: 5]
    #[arg(long, value_name = "COUNT")]
    revisions_kept: Option<usize>,
    /// Time to wait for calls in flight when the process ends [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    drain: Option<Duration>,
    /// Time that a client may take to send the head of a request, to begin its next request, and to
    /// read a chunk of a component's response; at most 10s over `--tcp` [default: 60s]
    #[arg(long, alias = "patience", value_name = "TIME", value_parser = parse_client_timeout)]
    client_timeout: Option<Duration>,
    /// Maximum memory of all components together: `2GiB` [default: three quarters of the memory of
    /// the machine or the control group]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    memory_budget: Option<u64>,
    /// Maximum share of the memory budget for one deployment, in percent [default: 50]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    deployment_share: Option<u8>,
    /// Maximum memory of all compilers together: `1GiB` [default: a quarter of the memory of the
    /// machine or the control group, at least 512MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_compile_memory)]
    compile_memory: Option<u64>,
    /// Maximum time to compile one component [default: 5m]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    compile_time: Option<Duration>,
    /// Also serve the API over TCP, at a loopback address: 127.0.0.1:7070
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    tcp: Option<SocketAddr>,
    /// File with the token that requests over TCP must carry
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Serve HTTP requests to components at this address, by the routes of `airssys-wasm route`:
    /// `127.0.0.1:8080`
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    listen: Option<SocketAddr>,
    /// PEM file with a certificate, to serve HTTP requests over TLS; SIGHUP reloads it
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Append a line of JSON to this file for each HTTP request; `-` for standard output
    #[arg(long, value_name = "FILE")]
    access_log: Option<PathBuf>,
    /// HTTP path for health checks by load balancers: responds with 200 while the process serves
    #[arg(long, value_name = "PATH")]
    health_path: Option<String>,
    /// Format of the log on standard error: text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log: Option<String>,
    /// Log level: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
}

impl ServeCommand {
    pub(super) fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let settings = self
            .settings
            .as_deref()
            .map(Settings::read)
            .transpose()?
            .unwrap_or_default();
        let budget = self.budget(&settings);
        init_logging(
            self.log.or(settings.log).as_deref().unwrap_or("text"),
            self.log_level
                .or(settings.log_level)
                .as_deref()
                .unwrap_or("info"),
        )?;
        let given = common.state.clone().or(settings.state_directory);
        let state_directory = given.unwrap_or_else(paths::default_state_directory);
        let socket = common.socket.clone().or(settings.socket);
        let tcp = match (
            self.tcp.or(settings.tcp),
            self.token_file.or(settings.token_file),
        ) {
            (Some(address), Some(token_file)) => Some(TcpEndpoint::new(address, &token_file)?),
            (Some(_), None) => {
                let message = "`--tcp` needs a token; set its file with `--token-file`";
                return Err(Problem::new(kinds::USAGE, message));
            }
            (None, _) => None,
        };
        let web = web_server(
            self.listen.or(settings.listen),
            (
                self.tls_certificate.or(settings.tls_certificate),
                self.tls_key.or(settings.tls_key),
            ),
            self.access_log.or(settings.access_log).as_deref(),
            self.health_path.or(settings.health_path),
        )?;
        server::serve(ServerConfig {
            budget,
            tcp,
            web,
            socket: socket.unwrap_or_else(|| paths::default_socket(&state_directory)),
            state_directory,
            revisions_kept: self.revisions_kept.or(settings.revisions_kept).unwrap_or(5),
            drain: self
                .drain
                .or(settings.drain)
                .unwrap_or(Duration::from_secs(30)),
            client_timeout: self
                .client_timeout
                .or(settings.client_timeout)
                .unwrap_or(CLIENT_TIMEOUT_DEFAULT),
            limits: settings.limits.unwrap_or_default(),
        })
    }

    /// Returns the budget derived from the machine, overridden by options and settings.
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

fn parse_compile_memory(text: &str) -> Result<u64, String> {
    let bytes = parse_bytes(text).map_err(|error| error.to_string())?;
    check_compile_memory(bytes).map_err(str::to_owned)
}

fn parse_client_timeout(text: &str) -> Result<Duration, String> {
    let client_timeout = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    check_client_timeout(client_timeout).map_err(str::to_owned)
}

fn parse_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| {
        "expected an IP address and a port: `127.0.0.1:8080` for this machine only, `0.0.0.0:8080` for all interfaces"
    })
}

/// Returns the HTTP server for components, if an address is set. The other options need an address.
fn web_server(
    address: Option<SocketAddr>,
    tls: (Option<PathBuf>, Option<PathBuf>),
    access_log: Option<&Path>,
    health: Option<String>,
) -> Result<Option<WebServer>, Problem> {
    let usage = |message: &str| Err(Problem::new(kinds::USAGE, message));
    let tls = match tls {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return usage("`--tls-certificate` and `--tls-key` go together; set both");
        }
    };
    if health.as_ref().is_some_and(|path| !path.starts_with('/')) {
        return usage("the health path must start with `/`: `--health-path /healthz`");
    }
    match address {
        Some(address) => WebServer::new(address, tls, access_log, health).map(Some),
        None if tls.is_none() && access_log.is_none() && health.is_none() => Ok(None),
        None => {
            usage("the options for serving components need an address: `--listen 127.0.0.1:8080`")
        }
    }
}

fn init_logging(format: &str, level: &str) -> Result<(), Problem> {
    let level = LevelFilter::from_str(level).map_err(|_| {
        let message = format!(
            "`{}` is not a log level; use error, warn, info, debug or trace",
            level.escape_debug()
        );
        Problem::new(kinds::USAGE, message)
    })?;
    // The writer would escape the control sequences of colours.
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
                "`{}` is not a log format; use text or json",
                other.escape_debug()
            );
            return Err(Problem::new(kinds::USAGE, message));
        }
    }
    Ok(())
}
