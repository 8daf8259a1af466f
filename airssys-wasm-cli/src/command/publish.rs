//! `airssys-wasm publish`

use std::path::PathBuf;

use super::dry_run::DryRun;
use airssys_wasm_host::Component;
use clap::Args;

use super::Common;
use super::registry::RegistryArgument;
use crate::api::{DoneOr, Problem, PublishSpec, Published};
use crate::files;

/// Publish a component under its name and version, for `deploy` and `update` to find
///
/// It lies in the state directory of the host process, or in an OCI registry if one is said. A
/// version stands for the same bytes for good: to publish others under it is refused.
#[derive(Args, Debug)]
pub(super) struct Publish {
    /// The component's file
    file: PathBuf,
    /// The name, instead of the component's own
    #[arg(long)]
    name: Option<String>,
    /// The version, for a component that says none
    #[arg(long, value_name = "VERSION")]
    component_version: Option<String>,
    #[command(flatten)]
    registry: RegistryArgument,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Publish {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let spec = PublishSpec {
            name: self.name,
            version: self.component_version,
        };
        let component = files::read(&self.file)?;
        if let Some(registry) = self.registry.get() {
            let component = spec.apply(Component::from_bytes(component)?)?;
            let published = if self.dry_run.dry_run {
                registry.check_push(&component).await?;
                let digest = component.digest();
                DoneOr::would(format!("push {digest} to the registry"))
            } else {
                registry.push(&component).await?;
                DoneOr::Done(Published::of(&component))
            };
            common.output.show(&published);
            return Ok(());
        }
        let path = self.dry_run.path("/v1/packages");
        let published: DoneOr<Published> = common
            .client()?
            .upload(&path, &spec, Some(component))
            .await?;
        common.output.show(&published);
        Ok(())
    }
}
