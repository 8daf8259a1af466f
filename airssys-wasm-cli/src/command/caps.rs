//! `airssys-wasm caps`

use std::path::PathBuf;

use airssys_wasm_host::Component;
use airssys_wasm_host::policy::Grants;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::difference::Difference;
use super::dry_run::DryRun;
use super::given::GrantArguments;
use super::{Common, logs};
use crate::api::{
    Asked, DoneOr, Explained, GrantSpec, GrantsView, Problem, PromotedView, Revoke, Revoked, kinds,
    read_request_lines,
};
use crate::client::segment;
use crate::files;
use crate::output::{Page, Shown};

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
        /// Let grants give back what was revoked, also where they are wider than that
        #[arg(long)]
        grant_again: bool,
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Take something back, from every revision and from calls that are under way
    Revoke {
        /// The name
        name: String,
        /// What: 'http https://api.example.com'
        rule: String,
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Show what a component's file requests in addition to the one that serves, and no more
    Diff {
        /// The name
        name: String,
        /// The file of the component that might follow
        file: PathBuf,
    },
    /// Say whether it may do something, and on what grounds: 'file-read /data/a.txt',
    /// 'http GET https://api.example.com/v1', 'tcp 10.0.0.1:80'
    Explain {
        /// The name
        name: String,
        /// What it would try, as audit records tell it
        operation: String,
    },
    /// Print the least grants that would have done so far, as a file for `--grants`; for what was
    /// deployed with `--audit-only`
    Learn {
        /// The name
        name: String,
    },
    /// Show what it tried and whether it was allowed, a line of JSON each
    Audit(logs::Watched),
}

impl Caps {
    pub(super) async fn run(self, common: &Common) -> Result<(), Problem> {
        let client = common.client()?;
        let path = |name: &str, what: &str| format!("/v1/deployments/{}/{what}", segment(name));
        match self.command {
            Command::Show { name } => {
                let view: GrantsView = client.get(&path(&name, "grants")).await?;
                common.output.show(&view);
            }
            Command::Grant {
                name,
                grants,
                grant_again,
                dry_run,
            } => {
                let path = dry_run.path(&path(&name, "grants"));
                let promoted: DoneOr<PromotedView> = client
                    .post(&path, &GrantSpec::of(grants.given()?, grant_again))
                    .await?;
                common.output.show(&promoted);
            }
            Command::Revoke {
                name,
                rule,
                dry_run,
            } => {
                let path = dry_run.path(&path(&name, "revoke"));
                let revoked: DoneOr<Revoked> = client.post(&path, &Revoke { rule }).await?;
                common.output.show(&revoked);
            }
            Command::Diff { name, file } => {
                let component = Component::from_bytes(files::read(&file)?)?;
                let serving: GrantsView = client.get(&path(&name, "grants")).await?;
                let serving = read_request_lines(serving.requests.as_deref())?;
                common
                    .output
                    .show(&Difference::of(&serving, component.requested()));
            }
            Command::Explain { name, operation } => {
                let asked = Asked { operation };
                let explained: Explained = client.post(&path(&name, "explain"), &asked).await?;
                common.output.show(&explained);
            }
            Command::Learn { name } => {
                let view: GrantsView = client.get(&path(&name, "grants")).await?;
                common.output.show(&Learned::of(&name, view.learned)?);
            }
            Command::Audit(watched) => {
                client
                    .watch(&watched.path("/v1/audit"), crate::output::say_json)
                    .await?;
            }
        }
        Ok(())
    }
}

/// The least grants, as a file.
#[derive(Serialize)]
#[serde(transparent)]
struct Learned(Vec<String>);

impl Learned {
    fn of(name: &str, learned: Option<Vec<String>>) -> Result<Self, Problem> {
        learned.map(Self).ok_or_else(|| {
            let message = format!(
                "what `{name}` needs is not being found out; deploy it with `--audit-only`"
            );
            Problem::new(kinds::USAGE, message)
        })
    }
}

impl Shown for Learned {
    fn text(&self) -> Page {
        // Each was a rule when it was told.
        let grants = self
            .0
            .iter()
            .fold(Grants::new(), |grants, rule| match rule.parse() {
                Ok(rule) => grants.with(rule),
                Err(_) => grants,
            });
        Page::of_text(&grants.to_toml())
    }
}
