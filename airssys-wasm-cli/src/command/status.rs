//! `airssys-wasm status`

use clap::Args;
use serde::Serialize;

use super::Common;
use crate::api::{About, DeploymentView, Problem};
use crate::client::segment;
use crate::output::Shown;

/// Show a name: what serves, what is kept, calls in flight; or the host process
#[derive(Args, Debug)]
pub(super) struct Status {
    /// The name; the host process itself unless said
    name: Option<String>,
}

/// The host process, as it is shown.
#[derive(Serialize)]
#[serde(transparent)]
struct ProcessView(About);

impl Status {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let client = common.client();
        match self.name {
            Some(name) => {
                let view: DeploymentView = client.get(&format!("/v1/deployments/{}", segment(&name))).await?;
                common.output.show(&view);
            }
            None => common.output.show(&ProcessView(client.get("/v1/about").await?)),
        }
        Ok(())
    }
}

impl Shown for ProcessView {
    fn text(&self) -> String {
        let Self(about) = self;
        let problems = match about.problems {
            0 => String::new(),
            problems => format!(", {problems} of which cannot serve: see `airssys-wasm list`"),
        };
        format!(
            "version      {}\nprocess      {}\ndeployments  {}{problems}",
            about.version, about.process, about.deployments
        )
    }
}
