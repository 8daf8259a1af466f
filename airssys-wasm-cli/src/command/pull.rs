//! `airssys-wasm pull`

use std::path::{Path, PathBuf};

use airssys_wasm_core::PackageRef;
use airssys_wasm_host::{Component, Error};
use clap::Args;

use super::CommonOptions;
use super::registry::{RegistryOption, store_pulled};
use crate::api::{Problem, PublishedVersion};
use crate::client::encode_segment;

/// Copy a component from a registry to the host process, or a published component to a file
#[derive(Args, Debug)]
pub(super) struct PullCommand {
    /// Component to pull: `greeter@^1.2`, `demo:greeter`
    #[arg(value_name = "NAME[@VERSION]")]
    package: String,
    /// New file to write; without it, the host process stores the component
    #[arg(long, value_name = "FILE", required_unless_present = "registry")]
    to: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryOption,
}

impl PullCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let component = match self.registry.into_registry() {
            Some(registry) => {
                let wanted: PackageRef = self.package.parse().map_err(Error::from)?;
                registry.pull(&wanted).await?
            }
            None => {
                let bytes = common
                    .client()?
                    .fetch(&format!("/v1/packages/{}", encode_segment(&self.package)))
                    .await?;
                Component::from_bytes(bytes.to_vec())?
            }
        };
        match &self.to {
            Some(path) => write_new(path, component.bytes())?,
            None => drop(store_pulled(common, &component).await?),
        }
        common
            .output
            .print(&PublishedVersion::from_component(&component));
        Ok(())
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let problem = |error: std::io::Error| Problem::from_file_error("write", path, error);
    let mut file = std::fs::File::create_new(path).map_err(problem)?;
    std::io::Write::write_all(&mut file, bytes).map_err(problem)
}
