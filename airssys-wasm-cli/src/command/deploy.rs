//! `airssys-wasm deploy`

use airssys_wasm_core::policy::Enforcement;
use clap::Args;

use super::CommonOptions;
use super::dry_run::DryRun;
use super::options::TermsOptions;
use super::registry::RegistryOption;
use super::source::ComponentSource;
use crate::api::{DeployOptions, DeploySpec, MaybeDryRun, Problem, RolloutResult};

/// Deploy a component
///
/// The deployment is named after the component unless `--name` is given. The component can access
/// only what is granted here. An argument that contains a `/` or ends in `.wasm` is a file.
#[derive(Args, Debug)]
pub(super) struct DeployCommand {
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
    registry: RegistryOption,
    #[command(flatten)]
    terms: TermsOptions,
    /// Allow granted operations even if they were not requested, and record which are used, for
    /// `caps learn`
    #[arg(long)]
    audit_only: bool,
    #[command(flatten)]
    dry_run: DryRun,
}

impl DeployCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let source = ComponentSource::parse(&self.source);
        let parts = self
            .registry
            .resolve_source(common, source, self.dry_run.pull_target())
            .await?;
        let options = DeployOptions {
            package: parts.package,
            name: self.name.or(parts.name),
            version: self.component_version.or(parts.version),
        };
        let mut terms = self.terms.into_change()?;
        if self.audit_only {
            terms = terms.enforcement(Enforcement::AuditOnly);
        }
        let spec = DeploySpec::new(options, terms);
        let path = self.dry_run.path("/v1/deployments");
        let deployed: MaybeDryRun<RolloutResult> =
            common.client()?.upload(&path, &spec, parts.bytes).await?;
        common.output.print(&deployed);
        Ok(())
    }
}
