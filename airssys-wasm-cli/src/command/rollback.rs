//! `airssys-wasm rollback`

use clap::Args;

use super::CommonOptions;
use super::dry_run::DryRun;
use crate::api::{MaybeDryRun, Problem, RollbackSpec, RolloutResult};
use crate::client::encode_segment;

/// Roll back to the previous revision, or to a version
///
/// Needs no file, no network and no compiler. `airssys-wasm status NAME` lists the retained
/// revisions.
#[derive(Args, Debug)]
pub(super) struct RollbackCommand {
    /// Name of the deployment
    name: String,
    /// Version to roll back to; `v1.5.0` means the same as `1.5.0`
    #[arg(long, value_name = "VERSION")]
    to_version: Option<String>,
    /// Rollout strategy: `blue-green` or `recreate`
    #[arg(long, value_name = "STRATEGY", default_value = "blue-green")]
    strategy: String,
    /// Allow the state of a stateful component to be lost
    #[arg(long)]
    discard_state: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl RollbackCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let spec = RollbackSpec {
            to_version: self.to_version,
            strategy: Some(self.strategy),
            discard_state: self.discard_state,
        };
        let path = self.dry_run.path(&format!(
            "/v1/deployments/{}/rollback",
            encode_segment(&self.name)
        ));
        let promoted: MaybeDryRun<RolloutResult> = common.client()?.post(&path, &spec).await?;
        common.output.print(&promoted);
        Ok(())
    }
}
