//! `airssys-wasm pipeline remove`

use clap::Args;

use super::path;
use crate::api::Problem;
use crate::command::Common;

/// Remove a pipeline with its stages, once what is inside has come to its end
#[derive(Args, Debug)]
pub(super) struct Remove {
    /// The name
    name: String,
}

impl Remove {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        common.client().delete::<()>(&path(&self.name, "")).await?;
        common.output.show(&());
        Ok(())
    }
}
