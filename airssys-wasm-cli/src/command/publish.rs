//! `airssys-wasm publish`

use std::path::PathBuf;

use super::dry_run::DryRun;
use airssys_wasm_host::Component;
use clap::Args;

use super::CommonOptions;
use super::registry::RegistryOption;
use crate::api::{MaybeDryRun, Problem, PublishSpec, PublishedVersion};
use crate::files;

/// Publish a component under its name and version, for use by `deploy` and `update`
///
/// Stores the component in the state directory of the host process, or in an OCI registry with
/// `--registry`. A version is immutable: publishing different bytes under it fails.
#[derive(Args, Debug)]
pub(super) struct PublishCommand {
    /// Component file
    file: PathBuf,
    /// Name to publish under; defaults to that of the component
    #[arg(long)]
    name: Option<String>,
    /// Version, for a component that has none
    #[arg(long, value_name = "VERSION")]
    component_version: Option<String>,
    #[command(flatten)]
    registry: RegistryOption,
    #[command(flatten)]
    dry_run: DryRun,
}

impl PublishCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let spec = PublishSpec {
            name: self.name,
            version: self.component_version,
        };
        let component = files::read_bytes(&self.file)?;
        if let Some(registry) = self.registry.into_registry() {
            let component = spec.apply(Component::from_bytes(component)?)?;
            let published = if self.dry_run.dry_run {
                registry.check_push(&component).await?;
                let digest = component.digest();
                MaybeDryRun::dry_run(format!("push {digest} to the registry"))
            } else {
                registry.push(&component).await?;
                MaybeDryRun::Done(PublishedVersion::from_component(&component))
            };
            common.output.print(&published);
            return Ok(());
        }
        let path = self.dry_run.path("/v1/packages");
        let published: MaybeDryRun<PublishedVersion> = common
            .client()?
            .upload(&path, &spec, Some(component))
            .await?;
        common.output.print(&published);
        Ok(())
    }
}
