//! `airssys-wasm logs`

use clap::Args;

use super::Common;
use crate::api::{Line, Problem};
use crate::client::segment;
use crate::output::{Format, say, say_json};

/// Show the output of components
#[derive(Args, Debug)]
pub(super) struct Logs {
    #[command(flatten)]
    watched: Watched,
}

/// The selection of lines to show.
#[derive(Args, Debug)]
pub(super) struct Watched {
    /// Name of a deployment; defaults to all deployments
    name: Option<String>,
    /// Follow new lines until interrupted
    #[arg(short, long)]
    follow: bool,
    /// Number of past lines to show; the host process retains the last 10,000
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    last: usize,
}

impl Watched {
    pub(super) fn path(&self, path: &str) -> String {
        let name = self
            .name
            .as_deref()
            .map(|name| format!("&name={}", segment(name)))
            .unwrap_or_default();
        format!("{path}?follow={}&last={}{name}", self.follow, self.last)
    }
}

impl Logs {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let format = common.output;
        common
            .client()?
            .watch(&self.watched.path("/v1/logs"), |line| show(format, line))
            .await
    }
}

fn show(format: Format, json: &str) {
    match (format, serde_json::from_str::<Line>(json)) {
        (Format::Text, Ok(line)) => {
            if line.dropped_before > 0 {
                say(format!(
                    "{} {}: {} lines were dropped",
                    line.time, line.name, line.dropped_before
                ));
            }
            say(format!(
                "{} {}[{}]: {}",
                line.time, line.name, line.call, line.text
            ));
        }
        _ => say_json(json),
    }
}
