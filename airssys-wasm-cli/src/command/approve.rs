//! `airssys-wasm approve`

use clap::Args;

use super::Common;
use super::dry_run::DryRun;
use super::given::GrantArguments;
use crate::api::{self, DoneOr, Problem, PromotedView};
use crate::client::segment;

/// Approve an update that asks for more than its name was granted
///
/// `airssys-wasm status NAME` shows what waits. What you approve are those bytes and what they
/// request, with the grants you say here.
#[derive(Args, Debug)]
pub(super) struct Approve {
    /// The name
    name: String,
    /// The digest of the component that you looked at
    #[arg(long)]
    digest: String,
    #[command(flatten)]
    grants: GrantArguments,
    /// Let an older version follow, or the same, or one that is not said
    #[arg(long)]
    any_version: bool,
    /// Let what a stateful component remembers be lost
    #[arg(long)]
    discard_state: bool,
    /// Let grants give back what was revoked, also where they are wider than that
    #[arg(long)]
    grant_again: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Approve {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let approve = api::Approve {
            digest: self.digest,
            grants: self.grants.given()?,
            strategy: None,
            any_version: self.any_version,
            discard_state: self.discard_state,
            grant_again: self.grant_again,
        };
        let path = self
            .dry_run
            .path(&format!("/v1/deployments/{}/approve", segment(&self.name)));
        let promoted: DoneOr<PromotedView> = common.client()?.post(&path, &approve).await?;
        common.output.show(&promoted);
        Ok(())
    }
}
