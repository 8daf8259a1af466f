//! `airssys-wasm diff`

use clap::Args;

use super::{Wanted, apply_all};
use crate::api::{Problem, kinds};
use crate::command::Common;
use crate::command::dry_run::DryRun;

/// Show what `apply` would change, without changing anything
///
/// Exits with 0 if the deployments match the file, and with 1 if they differ.
#[derive(Args, Debug)]
pub(in crate::command) struct Diff {
    #[command(flatten)]
    wanted: Wanted,
}

impl Diff {
    pub(in crate::command) async fn run(self, common: &Common) -> Result<(), Problem> {
        let (steps, _) = self.wanted.resolve(common, true).await?;
        let report = apply_all(
            &common.client()?,
            &steps,
            self.wanted.how(DryRun { dry_run: true }),
        )
        .await;
        let is_otherwise = report.is_otherwise();
        report.finish(common)?;
        if is_otherwise {
            return Err(Problem::new(
                kinds::OTHERWISE,
                "the deployments differ from the file",
            ));
        }
        Ok(())
    }
}
