//! `airssys-wasm pipeline remove`

use clap::Args;

use super::api_path;
use crate::api::{MaybeDryRun, Problem, RemovalResult};
use crate::command::CommonOptions;
use crate::command::dry_run::DryRun;

/// Remove a pipeline and its stages once the items in it have been processed
#[derive(Args, Debug)]
pub(super) struct PipelineRemoveCommand {
    /// Name of the pipeline
    name: String,
    #[command(flatten)]
    dry_run: DryRun,
}

impl PipelineRemoveCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let removed: MaybeDryRun<RemovalResult> = common
            .client()?
            .delete(&self.dry_run.path(&api_path(&self.name, "")))
            .await?;
        common.output.print(&removed);
        Ok(())
    }
}
