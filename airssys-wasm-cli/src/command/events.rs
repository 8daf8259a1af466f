//! `airssys-wasm events`

use clap::Args;

use super::Common;
use crate::api::{Happening, Problem};
use crate::client::segment;
use crate::output::{Format, say, say_json};

/// Stream the events of deployments until interrupted
#[derive(Args, Debug)]
pub(super) struct Events {
    /// Name of a deployment; defaults to all deployments
    name: Option<String>,
    /// Accepted for consistency with `logs`; events are always followed
    #[arg(short, long, hide = true)]
    follow: bool,
}

impl Events {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let of = self
            .name
            .map(|name| format!("?name={}", segment(&name)))
            .unwrap_or_default();
        let format = common.output;
        common
            .client()?
            .watch(&format!("/v1/events{of}"), |line| show(format, line))
            .await
    }
}

fn show(format: Format, json: &str) {
    match (format, serde_json::from_str::<Happening>(json)) {
        (Format::Text, Ok(told)) => {
            let name = told.name.unwrap_or_else(|| "host".into());
            say(format!("{} {name}: {} {}", told.time, told.event, told.detail).trim_end());
        }
        _ => say_json(json),
    }
}
