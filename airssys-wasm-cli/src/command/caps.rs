//! `airssys-wasm caps`

use std::path::PathBuf;

use airssys_wasm_host::Component;
use airssys_wasm_host::policy::Grants;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::difference::RequestDifference;
use super::dry_run::DryRun;
use super::options::RuleOptions;
use super::{CommonOptions, logs};
use crate::api::{
    ExplainRequest, ExplanationView, GrantSpec, GrantsView, MaybeDryRun, Problem, RevocationResult,
    RevokeRequest, RolloutResult, kinds, parse_request_lines,
};
use crate::client::encode_segment;
use crate::files;
use crate::output::{Page, TextOutput};

/// Show and change the capabilities of a deployment
#[derive(Args, Debug)]
pub(super) struct CapsCommand {
    #[command(subcommand)]
    command: CapsSubcommand,
}

#[derive(Debug, Subcommand)]
enum CapsSubcommand {
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
        rules: RuleOptions,
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
    Audit(logs::LogSelection),
}

impl CapsCommand {
    pub(super) async fn run(self, common: &CommonOptions) -> Result<(), Problem> {
        let client = common.client()?;
        let path =
            |name: &str, what: &str| format!("/v1/deployments/{}/{what}", encode_segment(name));
        match self.command {
            CapsSubcommand::Show { name } => {
                let view: GrantsView = client.get(&path(&name, "grants")).await?;
                common.output.print(&view);
            }
            CapsSubcommand::Grant {
                name,
                rules,
                grant_again,
                dry_run,
            } => {
                if rules.is_empty() {
                    let message = "no rule is given; pass `--grant`, `--deny` or `--grants`";
                    return Err(Problem::new(kinds::USAGE, message));
                }
                let path = dry_run.path(&path(&name, "grants"));
                let spec = GrantSpec {
                    grant_again,
                    ..GrantSpec::from(rules.into_rules()?)
                };
                let promoted: MaybeDryRun<RolloutResult> = client.post(&path, &spec).await?;
                common.output.print(&promoted);
            }
            CapsSubcommand::Revoke {
                name,
                rule,
                dry_run,
            } => {
                let path = dry_run.path(&path(&name, "revoke"));
                let revoked: MaybeDryRun<RevocationResult> =
                    client.post(&path, &RevokeRequest { rule }).await?;
                common.output.print(&revoked);
            }
            CapsSubcommand::Diff { name, file } => {
                let component = Component::from_bytes(files::read_bytes(&file)?)?;
                let serving: GrantsView = client.get(&path(&name, "grants")).await?;
                let serving = parse_request_lines(serving.requests.as_deref())?;
                common
                    .output
                    .print(&RequestDifference::new(&serving, component.requested()));
            }
            CapsSubcommand::Explain { name, operation } => {
                let asked = ExplainRequest { operation };
                let explained: ExplanationView =
                    client.post(&path(&name, "explain"), &asked).await?;
                common.output.print(&explained);
            }
            CapsSubcommand::Learn { name } => {
                let view: GrantsView = client.get(&path(&name, "grants")).await?;
                common
                    .output
                    .print(&LearnedGrants::new(&name, view.learned)?);
            }
            CapsSubcommand::Audit(watched) => {
                client
                    .watch(&watched.path("/v1/audit"), crate::output::print_json)
                    .await?;
            }
        }
        Ok(())
    }
}

/// The minimal grants.
#[derive(Serialize)]
#[serde(transparent)]
struct LearnedGrants(Vec<String>);

impl LearnedGrants {
    fn new(name: &str, learned: Option<Vec<String>>) -> Result<Self, Problem> {
        learned.map(Self).ok_or_else(|| {
            let message =
                format!("`{name}` does not record its operations; deploy it with `--audit-only`");
            Problem::new(kinds::USAGE, message)
        })
    }
}

impl TextOutput for LearnedGrants {
    fn text(&self) -> Page {
        // The host process sends only valid rules.
        let grants = self
            .0
            .iter()
            .fold(Grants::new(), |grants, rule| match rule.parse() {
                Ok(rule) => grants.with_rule(rule),
                Err(_) => grants,
            });
        Page::from_text(&grants.to_toml())
    }
}
