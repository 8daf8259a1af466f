//! `airssys-wasm caps`

use std::collections::BTreeSet;
use std::path::PathBuf;

use airssys_wasm_host::Component;
use airssys_wasm_host::policy::Grants;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::given::GrantArguments;
use super::{Common, file, logs};
use crate::api::{GrantsView, Problem, PromotedView, Revoke, Revoked, kinds, request_lines};
use crate::client::segment;
use crate::output::Shown;

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
    /// Show what a component's file requests in addition to the one that serves, and no more
    Diff {
        /// The name
        name: String,
        /// The file of the component that might follow
        file: PathBuf,
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
            Command::Diff { name, file } => {
                let component = Component::from_bytes(file::read(&file)?)?;
                let serving: GrantsView = client.get(&path(&name, "grants")).await?;
                common.output.show(&Difference::of(serving.requests, request_lines(component.requested())));
            }
            Command::Learn { name } => {
                let view: GrantsView = client.get(&path(&name, "grants")).await?;
                common.output.show(&Learned::of(&name, view.learned)?);
            }
            Command::Audit(watched) => {
                client.watch(&watched.path("/v1/audit"), crate::output::say).await?;
            }
        }
        Ok(())
    }
}

/// What one component requests and another does not.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Difference {
    added: Vec<String>,
    removed: Vec<String>,
    /// It does not say any more what it needs, or does so now.
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<&'static str>,
}

impl Difference {
    fn of(old: Option<Vec<String>>, new: Option<Vec<String>>) -> Self {
        let says = match (&old, &new) {
            (Some(_), None) => Some("anything: it does not say any more what it needs"),
            (None, Some(_)) => Some("what it needs, which the one that serves does not"),
            _ => None,
        };
        let set = |lines: Option<Vec<String>>| lines.unwrap_or_default().into_iter().collect::<BTreeSet<_>>();
        let (old, new) = (set(old), set(new));
        let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect();
        Self { added: only(&new, &old), removed: only(&old, &new), says }
    }
}

impl Shown for Difference {
    fn text(&self) -> String {
        let says = self.says.iter().map(|says| format!("says {says}"));
        let added = self.added.iter().map(|rule| format!("+ {rule}"));
        let removed = self.removed.iter().map(|rule| format!("- {rule}"));
        let lines: Vec<String> = says.chain(added).chain(removed).collect();
        if lines.is_empty() { "it requests the same".into() } else { lines.join("\n") }
    }
}

/// The least grants, as a file.
#[derive(Serialize)]
#[serde(transparent)]
struct Learned(Vec<String>);

impl Learned {
    fn of(name: &str, learned: Option<Vec<String>>) -> Result<Self, Problem> {
        learned.map(Self).ok_or_else(|| {
            let message =
                format!("what `{name}` needs is not being found out; deploy it with `--audit-only`");
            Problem::new(kinds::USAGE, message)
        })
    }
}

impl Shown for Learned {
    fn text(&self) -> String {
        // Each was a rule when it was told.
        let grants = self.0.iter().fold(Grants::new(), |grants, rule| match rule.parse() {
            Ok(rule) => grants.with(rule),
            Err(_) => grants,
        });
        grants.to_toml()
    }
}
