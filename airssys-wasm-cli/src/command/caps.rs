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

/// Show and change the capabilities of a deployment
#[derive(Args, Debug)]
pub(super) struct Caps {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show requested, granted, denied and revoked capabilities
    Show {
        /// Name of the deployment
        name: String,
    },
    /// Grant more capabilities, as a new revision of the same component
    Grant {
        /// Name of the deployment
        name: String,
        #[command(flatten)]
        grants: GrantArguments,
        /// Allow grants to restore revoked access, even where they are wider than the revocation
        #[arg(long)]
        grant_again: bool,
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Revoke a capability from every revision, including calls in flight
    Revoke {
        /// Name of the deployment
        name: String,
        /// Rule to revoke: 'http https://api.example.com'
        rule: String,
        #[command(flatten)]
        dry_run: DryRun,
    },
    /// Show how the requests of a component file differ from those of the active revision
    Diff {
        /// Name of the deployment
        name: String,
        /// Component file to compare
        file: PathBuf,
    },
    /// Explain whether an operation is allowed, and why: 'file-read /data/a.txt',
    /// 'http GET https://api.example.com/v1', 'tcp 10.0.0.1:80'
    Explain {
        /// Name of the deployment
        name: String,
        /// Operation, in the notation of audit records
        operation: String,
    },
    /// Print the minimal grants for the operations seen so far, as a file for `--grants`; for
    /// deployments with `--audit-only`
    Learn {
        /// Name of the deployment
        name: String,
    },
    /// Show audit records of attempted operations, one line of JSON each
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

/// The minimal grants.
#[derive(Serialize)]
#[serde(transparent)]
struct Learned(Vec<String>);

impl Learned {
    fn of(name: &str, learned: Option<Vec<String>>) -> Result<Self, Problem> {
        learned.map(Self).ok_or_else(|| {
            let message =
                format!("`{name}` does not record its operations; deploy it with `--audit-only`");
            Problem::new(kinds::USAGE, message)
        })
    }
}

impl Shown for Learned {
    fn text(&self) -> Page {
        // The host process sends only valid rules.
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
