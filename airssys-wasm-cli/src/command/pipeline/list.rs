//! `airssys-wasm pipeline list`

use clap::Args;

use super::api_path;
use crate::api::{PipelineView, Problem};
use crate::command::CommonOptions;

/// List pipelines, or the stages of one, with their counters
#[derive(Args, Debug)]
pub(super) struct PipelineListCommand {
    /// Name of a pipeline; defaults to all pipelines
    name: Option<String>,
}

impl PipelineListCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        match self.name {
            Some(name) => {
                let view: PipelineView = common.client()?.get(&api_path(&name, "")).await?;
                common.output.print(&view);
            }
            None => {
                let views: Vec<PipelineView> = common.client()?.get("/v1/pipelines").await?;
                common.output.print(&views);
            }
        }
        Ok(())
    }
}
