//! `airssys-wasm history`

use clap::Args;

use super::CommonOptions;
use crate::api::{ChangeView, Problem};
use crate::client::encode_segment;

/// Show the history of changes: deploys, updates, rollbacks, revocations, removals
#[derive(Args, Debug)]
pub(super) struct HistoryCommand {
    /// Name of a deployment; defaults to all deployments
    name: Option<String>,
}

impl HistoryCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let of = self
            .name
            .map(|name| format!("?name={}", encode_segment(&name)))
            .unwrap_or_default();
        let changes: Vec<ChangeView> = common.client()?.get(&format!("/v1/history{of}")).await?;
        common.output.print(&changes);
        Ok(())
    }
}
