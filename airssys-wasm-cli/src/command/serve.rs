//! `airssys-wasm serve`

use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;

use super::Common;
use crate::api::Problem;
use crate::server::{self, Setup};

/// Run a host process in the foreground, until it is told to end
///
/// It comes back with everything that was deployed in its state directory. SIGTERM and Ctrl-C
/// end it once calls in flight have ended; the second time, at once.
#[derive(Args, Debug)]
pub(super) struct Serve {
    /// How many revisions of each name are kept for a rollback, the one that serves included
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    revisions_kept: usize,
    /// How long it waits for calls in flight when it ends
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    drain: Duration,
    /// What the log on standard error looks like
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log: LogFormat,
    /// How much is logged: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: LevelFilter,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object a line
    Json,
}

impl Serve {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        self.begin_log();
        server::serve(Setup {
            state_directory: common.state(),
            socket: common.socket(),
            revisions_kept: self.revisions_kept,
            drain: self.drain,
        })
        .await
    }

    fn begin_log(&self) {
        let log = tracing_subscriber::fmt().with_max_level(self.log_level).with_writer(anstream::stderr);
        match self.log {
            LogFormat::Text => log.with_target(false).init(),
            LogFormat::Json => log.json().flatten_event(true).init(),
        }
    }
}
