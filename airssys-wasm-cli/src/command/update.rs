//! `airssys-wasm update`

use std::path::PathBuf;

use clap::Args;

use super::CommonOptions;
use super::dry_run::DryRun;
use super::options::TermsOptions;
use super::registry::{ComponentParts, RegistryOption};
use crate::api::{MaybeDryRun, Problem, RolloutResult, UpdateOptions, UpdateSpec};
use crate::client::encode_segment;
use crate::files;

/// Replace the component of a deployment without dropping a call
///
/// The new component is first checked, compiled, started and asked for its health; if anything
/// fails, the old one keeps serving. Grants, limits and links carry over unless new ones are given.
/// Without FILE, updates to a published version: the given version, which may be a requirement such
/// as `^1.2`, or the newest one.
#[derive(Args, Debug)]
pub(super) struct UpdateCommand {
    /// Name of the deployment, and the version: greeter@2.0.0; `v2.0.0` means the same
    #[arg(value_name = "NAME[@VERSION]")]
    target: String,
    /// File of the new component; defaults to a published version
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Rollout strategy: `blue-green` starts the new component beside the old one, `recreate` ends
    /// the old one first
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

impl UpdateCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let (name, version) = match self.target.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (self.target.as_str(), None),
        };
        let parts = match &self.file {
            None => {
                let target = self.dry_run.pull_target();
                self.registry
                    .resolve_update(common, name, version, target)
                    .await?
                    .into_parts()
            }
            Some(file) => ComponentParts {
                bytes: Some(files::read_bytes(file)?),
                ..ComponentParts::default()
            },
        };
        let options = UpdateOptions {
            strategy: Some(self.strategy),
            version: version
                .filter(|_| self.file.is_some())
                .map(str::to_owned)
                .or(parts.version),
            package: parts.package,
            any_version: self.any_version,
            discard_state: self.discard_state,
            grant_again: self.grant_again,
        };
        let spec = UpdateSpec::new(options, self.terms.into_change()?);
        let path = self
            .dry_run
            .path(&format!("/v1/deployments/{}/update", encode_segment(name)));
        let promoted: MaybeDryRun<RolloutResult> =
            common.client()?.upload(&path, &spec, parts.bytes).await?;
        common.output.print(&promoted);
        Ok(())
    }
}
