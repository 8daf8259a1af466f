//! `airssys-wasm diff`

use clap::Args;

use super::{ApplyArguments, apply_all};
use crate::api::{Problem, kinds};
use crate::command::CommonOptions;
use crate::command::dry_run::DryRun;
use crate::command::registry::PullTarget;

/// Show what `apply` would change, without changing anything
///
/// Exits with 0 if the deployments match the file, and with 1 if they differ.
#[derive(Args, Debug)]
pub(in crate::command) struct DiffCommand {
    #[command(flatten)]
    arguments: ApplyArguments,
}

impl DiffCommand {
    pub(in crate::command) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let (steps, _) = self.arguments.resolve(common, PullTarget::Memory).await?;
        let report = apply_all(
            &common.client()?,
            &steps,
            self.arguments.options(DryRun { dry_run: true }),
        )
        .await;
        let is_otherwise = report.has_changes();
        report.finish(common)?;
        if is_otherwise {
            return Err(Problem::new(
                kinds::DIFFERENT,
                "the deployments differ from the file",
            ));
        }
        Ok(())
    }
}
