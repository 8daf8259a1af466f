//! `airssys-wasm logs`

use clap::Args;

use super::CommonOptions;
use crate::api::{OutputLine, Problem};
use crate::client::encode_segment;
use crate::output::{OutputFormat, print_json, print_page};

/// Show the output of components
#[derive(Args, Debug)]
pub(super) struct LogsCommand {
    #[command(flatten)]
    selection: LogSelection,
}

/// The selection of lines to show.
#[derive(Args, Debug)]
pub(super) struct LogSelection {
    /// Name of a deployment; defaults to all deployments
    name: Option<String>,
    /// Follow new lines until interrupted
    #[arg(short, long)]
    follow: bool,
    /// Number of past lines to show; the host process retains the last 10,000
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    last: usize,
}

impl LogSelection {
    pub(super) fn path(&self, path: &str) -> String {
        let name = self
            .name
            .as_deref()
            .map(|name| format!("&name={}", encode_segment(name)))
            .unwrap_or_default();
        format!("{path}?follow={}&last={}{name}", self.follow, self.last)
    }
}

impl LogsCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let format = common.output;
        common
            .client()?
            .watch(&self.selection.path("/v1/logs"), |line| {
                print_line(format, line)
            })
            .await
    }
}

fn print_line(format: OutputFormat, json: &str) {
    match (format, serde_json::from_str::<OutputLine>(json)) {
        (OutputFormat::Text, Ok(line)) => {
            if line.dropped_before > 0 {
                print_page(format!(
                    "{} {}: {} lines were dropped",
                    line.time, line.name, line.dropped_before
                ));
            }
            print_page(format!(
                "{} {}[{}]: {}",
                line.time, line.name, line.call, line.text
            ));
        }
        _ => print_json(json),
    }
}
