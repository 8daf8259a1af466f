//! `airssys-wasm caps`

use clap::{Args, Subcommand};

use super::given::GrantArguments;
use super::{Common, logs};
use crate::api::{GrantsView, Problem, PromotedView, Revoke, Revoked};
use crate::client::segment;

/// Show and change what a component may reach
#[derive(Args, Debug)]
pub(super) struct Caps {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what it requests, and what is granted, denied and revoked
    Show {
        /// The name
        name: String,
    },
    /// Grant it more: the same component goes on as another revision
    Grant {
        /// The name
        name: String,
        #[command(flatten)]
        grants: GrantArguments,
    },
    /// Take something back, from every revision and from calls that are under way
    Revoke {
        /// The name
        name: String,
        /// What: 'http https://api.example.com'
        rule: String,
    },
    /// Show what it tried and whether it was allowed, a line of JSON each
    Audit(logs::Watched),
}

impl Caps {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let client = common.client();
        let path = |name: &str, what: &str| format!("/v1/deployments/{}/{what}", segment(name));
        match self.command {
            Command::Show { name } => {
                let view: GrantsView = client.get(&path(&name, "grants")).await?;
                common.output.show(&view);
            }
            Command::Grant { name, grants } => {
                let promoted: PromotedView = client.post(&path(&name, "grants"), &grants.given()?).await?;
                common.output.show(&promoted);
            }
            Command::Revoke { name, rule } => {
                let revoked: Revoked = client.post(&path(&name, "revoke"), &Revoke { rule }).await?;
                common.output.show(&revoked);
            }
            Command::Audit(watched) => {
                client.watch(&watched.path("/v1/audit"), crate::output::say).await?;
            }
        }
        Ok(())
    }
}
