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

pub(super) use definition::Definition;

use super::Common;
use crate::api::Problem;

/// Check, deploy and run pipelines of components
///
/// A pipeline file is a TOML file with stages, their components and their connections. A component
/// is a file, relative to the folder of the pipeline file, or a published component: `parse@^1.2`.
#[derive(Args, Debug)]
pub(super) struct Pipeline {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Graph(graph::Graph),
    Deploy(deploy::Deploy),
    Run(run::Run),
    List(list::List),
    Update(update::Update),
    Remove(remove::Remove),
}

impl Pipeline {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        match self.command {
            Command::Check(command) => command.run(common).await,
            Command::Graph(command) => command.run(common).await,
            Command::Deploy(command) => command.run(common).await,
            Command::Run(command) => command.run(common).await,
            Command::List(command) => command.run(common).await,
            Command::Update(command) => command.run(common).await,
            Command::Remove(command) => command.run(common).await,
        }
    }
}

/// Returns the path of a pipeline in the API.
fn path(name: &str, what: &str) -> String {
    format!("/v1/pipelines/{}{what}", crate::client::segment(name))
}
