//! `airssys-wasm deploy`

use clap::Args;

use super::Common;
use super::dry_run::DryRun;
use super::file::Source;
use super::given::{GrantArguments, RunsUnder};
use super::registry::RegistryArgument;
use crate::api::{DeploySpec, DoneOr, Problem, PromotedView};

/// Deploy a component
///
/// The deployment is named after the component unless `--name` is given. The component can access
/// only what is granted here. An argument that contains a `/` or ends in `.wasm` is a file.
#[derive(Args, Debug)]
pub(super) struct Deploy {
    /// Component file, or a published component: `greeter@^1.2`, `demo:greeter`
    #[arg(value_name = "FILE|NAME[@VERSION]")]
    source: String,
    /// Name of the deployment
    #[arg(long)]
    name: Option<String>,
    /// Version, for a component that has none
    #[arg(long, value_name = "VERSION")]
    component_version: Option<String>,
    #[command(flatten)]
    registry: RegistryArgument,
    #[command(flatten)]
    grants: GrantArguments,
    #[command(flatten)]
    under: RunsUnder,
    /// Allow granted operations even if they were not requested, and record which are used, for
    /// `caps learn`
    #[arg(long)]
    audit_only: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Deploy {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let source = Source::of(&self.source);
        let parts = self
            .registry
            .parts(common, source, self.dry_run.dry_run)
            .await?;
        let spec = DeploySpec {
            package: parts.package,
            name: self.name.or(parts.name),
            version: self.component_version.or(parts.version),
            grants: self.grants.given()?,
            limits: self.under.limits()?,
            links: self.under.links()?,
            instancing: self.under.instancing,
            audit_only: self.audit_only,
        };
        let path = self.dry_run.path("/v1/deployments");
        let deployed: DoneOr<PromotedView> =
            common.client()?.upload(&path, &spec, parts.bytes).await?;
        common.output.show(&deployed);
        Ok(())
    }
}
