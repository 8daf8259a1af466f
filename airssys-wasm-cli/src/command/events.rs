//! `airssys-wasm events`

use clap::Args;

use super::CommonOptions;
use crate::api::{EventView, Problem};
use crate::client::encode_segment;
use crate::output::{OutputFormat, print_json, print_page};

/// Stream the events of deployments until interrupted
#[derive(Args, Debug)]
pub(super) struct EventsCommand {
    /// Name of a deployment; defaults to all deployments
    name: Option<String>,
    /// Accepted for consistency with `logs`; events are always followed
    #[arg(short, long, hide = true)]
    follow: bool,
}

impl EventsCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let of = self
            .name
            .map(|name| format!("?name={}", encode_segment(&name)))
            .unwrap_or_default();
        let format = common.output;
        common
            .client()?
            .watch(&format!("/v1/events{of}"), |line| print_event(format, line))
            .await
    }
}

fn print_event(format: OutputFormat, json: &str) {
    match (format, serde_json::from_str::<EventView>(json)) {
        (OutputFormat::Text, Ok(told)) => {
            let name = told.name.unwrap_or_else(|| "host".into());
            print_page(format!("{} {name}: {} {}", told.time, told.event, told.detail).trim_end());
        }
        _ => print_json(json),
    }
}
