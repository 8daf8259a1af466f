//! `airssys-wasm pipeline check`

use std::path::PathBuf;

use clap::Args;

use super::definition::Definition;
use crate::api::{GraphView, Problem};
use crate::command::Common;

/// Check a pipeline's file, and say everything that is wrong with it
///
/// Nothing runs, and no host process is needed unless a component is published there.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// The pipeline's file
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
