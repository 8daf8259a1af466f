//! `airssys-wasm update`

use std::path::PathBuf;

use clap::Args;

use super::Common;
use super::dry_run::DryRun;
use super::given::{GrantArguments, RunsUnder};
use super::registry::{Parts, RegistryArgument};
use crate::api::{DoneOr, Problem, PromotedView, UpdateSpec};
use crate::client::segment;
use crate::files;

/// Replace the component that serves a name, without dropping a call
///
/// The new one is checked, compiled, started and asked for its health first; if anything fails,
/// the old one serves on. It keeps the grants, limits and links it has unless others are said.
/// Without a file it is what is published: the version that you say, which may be a requirement
/// like `^1.2`, or the newest.
#[derive(Args, Debug)]
pub(super) struct Update {
    /// The name, and the version: greeter@2.0.0; `v2.0.0` is the same
    #[arg(value_name = "NAME[@VERSION]")]
    target: String,
    /// The new component's file; what is published unless said
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How calls move: `blue-green` starts the new one beside the old one, `recreate` ends the
    /// old one first
    #[arg(long, value_name = "STRATEGY", default_value = "blue-green")]
    strategy: String,
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
    registry: RegistryArgument,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    under: RunsUnder,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Update {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let (name, version) = match self.target.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (self.target.as_str(), None),
        };
        let parts = match &self.file {
            None => {
                let dry_run = self.dry_run.dry_run;
                self.registry
                    .resolve_next(common, name, version, dry_run)
                    .await?
                    .into_parts()
            }
            Some(file) => Parts {
                bytes: Some(files::read(file)?),
                ..Parts::default()
            },
        };
        let spec = UpdateSpec {
            strategy: Some(self.strategy),
            version: version
                .filter(|_| self.file.is_some())
                .map(str::to_owned)
                .or(parts.version),
            package: parts.package,
            limits: self.under.limits()?,
            links: self.under.links()?,
            instancing: self.under.instancing,
            grants: if self.grants.is_empty() {
                None
            } else {
                Some(self.grants.given()?)
            },
            audit_only: None,
            any_version: self.any_version,
            discard_state: self.discard_state,
            grant_again: self.grant_again,
        };
        let path = self
            .dry_run
            .path(&format!("/v1/deployments/{}/update", segment(name)));
        let promoted: DoneOr<PromotedView> =
            common.client()?.upload(&path, &spec, parts.bytes).await?;
        common.output.show(&promoted);
        Ok(())
    }
}
