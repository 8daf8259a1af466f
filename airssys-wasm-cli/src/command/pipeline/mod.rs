//! `airssys-wasm pipeline`, with a file for each subcommand.
//!
//! Tests: `airssys-wasm-cli/tests/cli/pipelines.rs`.

mod check;
mod definition;
mod deploy;
mod graph;
mod list;
mod remove;
mod run;
mod update;

use clap::{Args, Subcommand};

pub(super) use definition::PipelineFile;

use super::CommonOptions;
use crate::api::Problem;

/// Check, deploy and run pipelines of components
///
/// A pipeline file is a TOML file with stages, their components and their connections. A component
/// is a file, relative to the folder of the pipeline file, or a published component: `parse@^1.2`.
#[derive(Args, Debug)]
pub(super) struct PipelineCommand {
    #[command(subcommand)]
    command: PipelineSubcommand,
}

#[derive(Debug, Subcommand)]
enum PipelineSubcommand {
    Check(check::PipelineCheckCommand),
    Graph(graph::PipelineGraphCommand),
    Deploy(deploy::PipelineDeployCommand),
    Run(run::PipelineRunCommand),
    List(list::PipelineListCommand),
    Update(Box<update::PipelineUpdateCommand>),
    Remove(remove::PipelineRemoveCommand),
}

impl PipelineCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        match self.command {
            PipelineSubcommand::Check(command) => command.run(common).await,
            PipelineSubcommand::Graph(command) => command.run(common).await,
            PipelineSubcommand::Deploy(command) => command.run(common).await,
            PipelineSubcommand::Run(command) => command.run(common).await,
            PipelineSubcommand::List(command) => command.run(common).await,
            PipelineSubcommand::Update(command) => command.run(common).await,
            PipelineSubcommand::Remove(command) => command.run(common).await,
        }
    }
}

/// Returns the path of a pipeline in the API.
fn api_path(name: &str, what: &str) -> String {
    format!(
        "/v1/pipelines/{}{what}",
        crate::client::encode_segment(name)
    )
}
