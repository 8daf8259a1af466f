//! `airssys-wasm approve`

use clap::Args;

use super::CommonOptions;
use super::dry_run::DryRun;
use super::options::GrantOptions;
use crate::api::{self, MaybeDryRun, Problem, RolloutResult};
use crate::client::encode_segment;

/// Approve an update that requests more than its deployment was granted
///
/// `airssys-wasm status NAME` shows the update that awaits approval. The approval covers exactly
/// the component with this digest and its requests, with the grants given here.
#[derive(Args, Debug)]
pub(super) struct ApproveCommand {
    /// Name of the deployment
    name: String,
    /// Digest of the component that you reviewed
    #[arg(long)]
    digest: String,
    #[command(flatten)]
    grants: GrantOptions,
    /// Allow an older, an equal or an unspecified version
    #[arg(long)]
    any_version: bool,
    /// Allow the state of a stateful component to be lost
    #[arg(long)]
    discard_state: bool,
    /// Allow grants to restore revoked access, even where they are wider than the revocation
    #[arg(long)]
    grant_again: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl ApproveCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let approve = api::ApproveSpec {
            digest: self.digest,
            grants: self.grants.into_grants()?,
            strategy: None,
            any_version: self.any_version,
            discard_state: self.discard_state,
            grant_again: self.grant_again,
        };
        let path = self.dry_run.path(&format!(
            "/v1/deployments/{}/approve",
            encode_segment(&self.name)
        ));
        let promoted: MaybeDryRun<RolloutResult> = common.client()?.post(&path, &approve).await?;
        common.output.print(&promoted);
        Ok(())
    }
}
