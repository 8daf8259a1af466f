//! `airssys-wasm pull`

use std::path::PathBuf;

use clap::Args;

use super::Common;
use crate::api::{Problem, Published, kinds};
use crate::client::segment;

/// Write what is published to a file
#[derive(Args, Debug)]
pub(super) struct Pull {
    /// What: `greeter@^1.2`, `demo:greeter`
    #[arg(value_name = "NAME[@VERSION]")]
    package: String,
    /// The file, which must not be there
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

impl Pull {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let path = format!("/v1/packages/{}", segment(&self.package));
        let bytes = common.client().fetch(&path).await?;
        let component = airssys_wasm_host::Component::from_bytes(bytes.to_vec())?;
        let problem = |error: std::io::Error| {
            Problem::new(kinds::FILE, format!("cannot write `{}`", self.to.display())).because(error)
        };
        let mut file = std::fs::File::create_new(&self.to).map_err(problem)?;
        std::io::Write::write_all(&mut file, &bytes).map_err(problem)?;
        common.output.show(&Published {
            name: component.name().map_or_else(|| self.package.clone(), ToString::to_string),
            version: component.version().map(ToString::to_string).unwrap_or_default(),
            digest: component.digest().to_string(),
        });
        Ok(())
    }
}
