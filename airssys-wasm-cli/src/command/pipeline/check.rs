//! `airssys-wasm pipeline check`

use std::path::PathBuf;

use clap::Args;

use super::definition::Definition;
use crate::api::{GraphView, Problem};
use crate::command::Common;

/// Check a pipeline file and report all errors
///
/// Runs nothing. Needs a host process only for components that are published there.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// Pipeline file
    file: PathBuf,
}

impl Check {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let pipeline = Definition::read(&self.file)?
            .build(&common.client()?)
            .await?;
        common.output.show(&GraphView::from(&pipeline));
        Ok(())
    }
}
