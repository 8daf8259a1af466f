//! `airssys-wasm route`, with a file for each subcommand.
//!
//! Tests: `airssys-wasm-cli/tests/cli/web.rs`.

mod list;
mod remove;
mod set;

use clap::{Args, Subcommand};

use super::CommonOptions;
use crate::api::{Problem, RouteChange};
use crate::output::{Page, TextOutput};

/// Route HTTP requests to deployments
///
/// A route is a path prefix, for any host or for a specific one: `/`, `/shop`,
/// `shop.example.com/cart`. If several routes match, those of a specific host take precedence, then
/// the longest prefix. The component receives the whole path. `airssys-wasm serve --listen ADDRESS`
/// serves the routes.
#[derive(Args, Debug)]
pub(super) struct RouteCommand {
    #[command(subcommand)]
    command: RouteSubcommand,
}

#[derive(Debug, Subcommand)]
enum RouteSubcommand {
    Set(set::RouteSetCommand),
    Remove(remove::RouteRemoveCommand),
    List(list::RouteListCommand),
}

impl RouteCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        match self.command {
            RouteSubcommand::Set(command) => command.run(common).await,
            RouteSubcommand::Remove(command) => command.run(common).await,
            RouteSubcommand::List(command) => command.run(common).await,
        }
    }
}

impl TextOutput for RouteChange {
    fn text(&self) -> Page {
        let before = self
            .before
            .as_deref()
            .map(|before| format!(" (was {before})"))
            .unwrap_or_default();
        match &self.component {
            Some(component) => match &self.problem {
                None => format!("{} -> {component}{before}", self.route).into(),
                Some(problem) => format!(
                    "{} -> {component}{before}; it answers `503` until this is fixed: {problem}",
                    self.route
                )
                .into(),
            },
            None => format!("{} -> nothing{before}", self.route).into(),
        }
    }
}
