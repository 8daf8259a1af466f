//! `airssys-wasm pull`

use std::path::{Path, PathBuf};

use airssys_wasm_core::PackageRef;
use airssys_wasm_host::{Component, Error};
use clap::Args;

use super::Common;
use super::registry::{RegistryArgument, keep};
use crate::api::{Problem, Published};
use crate::client::segment;

/// Copy a component from a registry to the host process, or a published component to a file
#[derive(Args, Debug)]
pub(super) struct Pull {
    /// Component to pull: `greeter@^1.2`, `demo:greeter`
    #[arg(value_name = "NAME[@VERSION]")]
    package: String,
    /// New file to write; without it, the host process stores the component
    #[arg(long, value_name = "FILE", required_unless_present = "registry")]
    to: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArgument,
}

impl Pull {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let component = match self.registry.get() {
            Some(registry) => {
                let wanted: PackageRef = self.package.parse().map_err(Error::from)?;
                registry.pull(&wanted).await?
            }
            None => {
                let bytes = common
                    .client()?
                    .fetch(&format!("/v1/packages/{}", segment(&self.package)))
                    .await?;
                Component::from_bytes(bytes.to_vec())?
            }
        };
        match &self.to {
            Some(path) => write(path, component.bytes())?,
            None => drop(keep(common, &component).await?),
        }
        common.output.show(&Published::of(&component));
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let problem = |error: std::io::Error| Problem::of_file("write", path, error);
    let mut file = std::fs::File::create_new(path).map_err(problem)?;
    std::io::Write::write_all(&mut file, bytes).map_err(problem)
}
