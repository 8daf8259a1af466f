//! `airssys-wasm remove`

use clap::Args;

use super::Common;
use super::dry_run::DryRun;
use crate::api::{DoneOr, Problem, Removed};
use crate::client::segment;

/// Remove a deployment once its last call has ended
///
/// Also removes its grants, revisions and revocations.
#[derive(Args, Debug)]
pub(super) struct Remove {
    /// Name of the deployment
    name: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Remove {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let path = self
            .dry_run
            .path(&format!("/v1/deployments/{}", segment(&self.name)));
        let removed: DoneOr<Removed> = common.client()?.delete(&path).await?;
        common.output.show(&removed);
        Ok(())
    }
}
