//! `airssys-wasm pipeline remove`

use clap::Args;

use super::path;
use crate::api::{DoneOr, Problem, Removed};
use crate::command::Common;
use crate::command::dry_run::DryRun;

/// Remove a pipeline and its stages once the items in it have been processed
#[derive(Args, Debug)]
pub(super) struct Remove {
    /// Name of the pipeline
    name: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl Remove {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let removed: DoneOr<Removed> = common
            .client()?
            .delete(&self.dry_run.path(&path(&self.name, "")))
            .await?;
        common.output.show(&removed);
        Ok(())
    }
}
