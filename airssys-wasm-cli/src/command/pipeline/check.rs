//! `airssys-wasm pipeline check`

use std::path::PathBuf;

use clap::Args;

use super::definition::PipelineFile;
use crate::api::{GraphView, Problem};
use crate::command::CommonOptions;

/// Check a pipeline file and report all errors
///
/// Runs nothing. Needs a host process only for components that are published there.
#[derive(Args, Debug)]
pub(super) struct PipelineCheckCommand {
    /// Pipeline file
    file: PathBuf,
}

impl PipelineCheckCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let pipeline = PipelineFile::read(&self.file)?
            .build(&common.client()?)
            .await?;
        common.output.print(&GraphView::from(&pipeline));
        Ok(())
    }
}
