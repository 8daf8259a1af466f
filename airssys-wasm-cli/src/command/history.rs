//! `airssys-wasm history`

use clap::Args;

use super::Common;
use crate::api::{ChangeView, Problem};
use crate::client::segment;

/// Show the history of changes: deploys, updates, rollbacks, revocations, removals
#[derive(Args, Debug)]
pub(super) struct History {
    /// Name of a deployment; defaults to all deployments
    name: Option<String>,
}

impl History {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let of = self
            .name
            .map(|name| format!("?name={}", segment(&name)))
            .unwrap_or_default();
        let changes: Vec<ChangeView> = common.client()?.get(&format!("/v1/history{of}")).await?;
        common.output.show(&changes);
        Ok(())
    }
}
