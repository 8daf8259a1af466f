//! `airssys-wasm pipeline update`

use clap::Args;

use super::path;
use crate::api::{DoneOr, Problem, PromotedView, StageUpdateSpec};
use crate::client::segment;
use crate::command::Common;
use crate::command::dry_run::DryRun;
use crate::command::file::Source;
use crate::command::given::GrantArguments;
use crate::command::registry::RegistryArgument;

/// Replace the component of a stage while the pipeline runs
///
/// Checks every edge of the stage again first. To go back, pass the printed deployment name to
/// `airssys-wasm rollback`; fused stages are rolled back together.
#[derive(Args, Debug)]
pub(super) struct Update {
    /// Name of the pipeline
    name: String,
    /// Name of the stage
    stage: String,
    /// Component file, or a published component: `parse@^1.2`
    #[arg(value_name = "FILE|NAME[@VERSION]")]
    source: String,
    /// Rollout strategy: `blue-green` or `recreate`
    #[arg(long, value_name = "STRATEGY", default_value = "blue-green")]
    strategy: String,
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
    registry: RegistryArgument,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Update {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let source = Source::of(&self.source);
        let parts = self
            .registry
            .parts(common, source, self.dry_run.dry_run)
            .await?;
        let spec = StageUpdateSpec {
            strategy: Some(self.strategy),
            package: parts.package,
            grants: if self.grants.is_empty() {
                None
            } else {
                Some(self.grants.given()?)
            },
            any_version: self.any_version,
            discard_state: self.discard_state,
            grant_again: self.grant_again,
        };
        let path = path(
            &self.name,
            &format!("/stages/{}/update", segment(&self.stage)),
        );
        let path = self.dry_run.path(&path);
        let promoted: DoneOr<PromotedView> =
            common.client()?.upload(&path, &spec, parts.bytes).await?;
        common.output.show(&promoted);
        Ok(())
    }
}
