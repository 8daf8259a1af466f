//! `airssys-wasm pipeline list`

use clap::Args;

use super::path;
use crate::api::{PipelineView, Problem};
use crate::command::Common;

/// List pipelines, or the stages of one, with their counters
#[derive(Args, Debug)]
pub(super) struct List {
    /// Name of a pipeline; defaults to all pipelines
    name: Option<String>,
}

impl List {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        match self.name {
            Some(name) => {
                let view: PipelineView = common.client()?.get(&path(&name, "")).await?;
                common.output.show(&view);
            }
            None => {
                let views: Vec<PipelineView> = common.client()?.get("/v1/pipelines").await?;
                common.output.show(&views);
            }
        }
        Ok(())
    }
}
