//! `airssys-wasm pipeline`: a file a subcommand.

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

/// Check, deploy and run components that are connected to each other
///
/// A pipeline is a TOML file: stages with their components, and what is connected to what. A
/// component is a file, as seen from the folder of that file, or what is published:
/// `parse@^1.2`.
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

/// The path of a pipeline in the API.
fn path(name: &str, what: &str) -> String {
    format!("/v1/pipelines/{}{what}", crate::client::segment(name))
}
