//! `airssys-wasm remove`

use clap::Args;

use super::CommonOptions;
use super::dry_run::DryRun;
use crate::api::{MaybeDryRun, Problem, RemovalResult};
use crate::client::encode_segment;

/// Remove a deployment once its last call has ended
///
/// Also removes its grants, revisions and revocations.
#[derive(Args, Debug)]
pub(super) struct RemoveCommand {
    /// Name of the deployment
    name: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl RemoveCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let path = self
            .dry_run
            .path(&format!("/v1/deployments/{}", encode_segment(&self.name)));
        let removed: MaybeDryRun<RemovalResult> = common.client()?.delete(&path).await?;
        common.output.print(&removed);
        Ok(())
    }
}
