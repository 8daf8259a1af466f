//! `airssys-wasm status`

use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;

use super::CommonOptions;
use crate::api::{About, DeploymentView, Problem};
use crate::client::{Client, encode_segment};
use crate::output::{Page, TextOutput};

/// Show the status of a deployment or of the host process
#[derive(Args, Debug)]
pub(super) struct StatusCommand {
    /// Name of a deployment; defaults to the host process itself
    name: Option<String>,
    /// Maximum time to wait until a host process answers
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = humantime::parse_duration)]
    wait: Duration,
}

/// The status of the host process.
#[derive(Serialize)]
#[serde(transparent)]
struct ProcessView(About);

impl StatusCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let client = common.client()?;
        self.wait_for_host(&client).await;
        match self.name {
            Some(name) => {
                let view: DeploymentView = client
                    .get(&format!("/v1/deployments/{}", encode_segment(&name)))
                    .await?;
                common.output.print(&view);
            }
            None => common
                .output
                .print(&ProcessView(client.get("/v1/about").await?)),
        }
        Ok(())
    }
}

impl StatusCommand {
    /// Waits until the host process answers or the time is up. The next request reports the error
    /// if it does not answer.
    async fn wait_for_host(&self, client: &Client) {
        let until = Instant::now() + self.wait;
        while Instant::now() < until && client.get::<About>("/v1/about").await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl TextOutput for ProcessView {
    fn text(&self) -> Page {
        let Self(about) = self;
        let problems = match about.problems {
            0 => String::new(),
            problems => format!(", {problems} of which cannot serve; see `airssys-wasm list`"),
        };
        Page::from_lines([
            format!("version      {}", about.version),
            format!("process      {}", about.process),
            format!("deployments  {}{problems}", about.deployments),
        ])
    }
}
