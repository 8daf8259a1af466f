//! `airssys-wasm pipeline update`

use clap::Args;

use super::api_path;
use crate::api::{MaybeDryRun, Problem, RolloutResult, StageUpdateOptions, StageUpdateSpec};
use crate::client::encode_segment;
use crate::command::CommonOptions;
use crate::command::dry_run::DryRun;
use crate::command::options::TermsOptions;
use crate::command::registry::RegistryOption;
use crate::command::source::ComponentSource;

/// Replace the component of a stage while the pipeline runs
///
/// Checks every edge of the stage again first. To go back, pass the printed deployment name to
/// `airssys-wasm rollback`; fused stages are rolled back together.
#[derive(Args, Debug)]
pub(super) struct PipelineUpdateCommand {
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
    registry: RegistryOption,
    #[command(flatten)]
    terms: TermsOptions,
    #[command(flatten)]
    dry_run: DryRun,
}

impl PipelineUpdateCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let source = ComponentSource::parse(&self.source);
        let parts = self
            .registry
            .resolve_source(common, source, self.dry_run.pull_target())
            .await?;
        let options = StageUpdateOptions {
            strategy: Some(self.strategy),
            package: parts.package,
            any_version: self.any_version,
            discard_state: self.discard_state,
            grant_again: self.grant_again,
        };
        let spec = StageUpdateSpec::new(options, self.terms.into_change()?);
        let path = api_path(
            &self.name,
            &format!("/stages/{}/update", encode_segment(&self.stage)),
        );
        let path = self.dry_run.path(&path);
        let promoted: MaybeDryRun<RolloutResult> =
            common.client()?.upload(&path, &spec, parts.bytes).await?;
        common.output.print(&promoted);
        Ok(())
    }
}
