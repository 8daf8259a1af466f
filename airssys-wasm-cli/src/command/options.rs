//! Options for the terms of a deployment: grants, instancing, limits and links.

use std::path::PathBuf;

use airssys_wasm_core::LimitsChange;
use airssys_wasm_core::terms::{TermsChange, TermsError};
use clap::Args;

use crate::api::{GrantRules, Problem, kinds};

/// The options for rules to grant and to deny.
#[derive(Debug, Args)]
pub(super) struct RuleOptions {
    /// Grant a rule: 'file-read /data from=/srv/data'; can be repeated
    #[arg(long = "grant", value_name = "RULE")]
    grant: Vec<String>,
    /// Deny a rule, even if it is granted; can be repeated
    #[arg(long = "deny", value_name = "RULE")]
    deny: Vec<String>,
    /// TOML file with rules to grant and deny: `allow = [...]`, `deny = [...]`
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
}

impl RuleOptions {
    /// Returns `true` if none of the options is given.
    pub(super) fn is_empty(&self) -> bool {
        self.grant.is_empty() && self.deny.is_empty() && self.grants.is_none()
    }

    /// Reads the file of grants, if there is one, and returns all rules.
    pub(super) fn into_rules(self) -> Result<GrantRules, Problem> {
        let mut rules = match self.grants {
            Some(path) => GrantRules::from(&airssys_wasm_host::read_grants(path)?),
            None => GrantRules::default(),
        };
        rules.allow.extend(self.grant);
        rules.deny.extend(self.deny);
        Ok(rules)
    }
}

/// The options for the grants of a component.
#[derive(Debug, Args)]
pub(super) struct GrantOptions {
    #[command(flatten)]
    rules: RuleOptions,
    /// Run the component even if it requires more than it is granted
    #[arg(long)]
    run_with_less: bool,
}

impl GrantOptions {
    /// Returns `true` if none of the options is given.
    fn is_empty(&self) -> bool {
        self.rules.is_empty() && !self.run_with_less
    }

    pub(super) fn into_grants(self) -> Result<GrantRules, Problem> {
        let mut grants = self.rules.into_rules()?;
        grants.run_with_less |= self.run_with_less;
        Ok(grants)
    }
}

/// The options for the terms of a deployment.
#[derive(Debug, Args)]
pub(super) struct TermsOptions {
    #[command(flatten)]
    grants: GrantOptions,
    /// Instancing: `per-call`, `pooled 8` or `stateful`; defaults to the choice of the component's
    /// author
    #[arg(long, value_name = "HOW")]
    instancing: Option<String>,
    /// Set a limit: memory-bytes-max=64MiB, call-deadline=5s; can be repeated. The others stay as
    /// they are
    #[arg(long = "limit", value_name = "LIMIT=VALUE")]
    limit: Vec<String>,
    /// Link an imported interface to a deployment: acme:store/kv=store; can be repeated
    #[arg(long = "link", value_name = "INTERFACE=NAME")]
    link: Vec<String>,
}

impl TermsOptions {
    /// Returns the terms that are set.
    pub(super) fn into_change(self) -> Result<TermsChange, Problem> {
        let mut terms = TermsChange::default();
        terms.limits = parse_limits(&self.limit)?;
        if let Some(text) = &self.instancing {
            terms = terms.instancing(text.parse().map_err(TermsError::from)?);
        }
        for link in &self.link {
            let (interface, name) = split_pair(link, "acme:store/kv=store")?;
            terms = terms.link(interface, name).map_err(TermsError::from)?;
        }
        if !self.grants.is_empty() {
            terms = terms.grants(self.grants.into_grants()?.parse()?);
        }
        Ok(terms)
    }
}

fn parse_limits(limits: &[String]) -> Result<LimitsChange, Problem> {
    let mut given = serde_json::Map::new();
    for limit in limits {
        let (name, value) = split_pair(limit, "memory-bytes-max=64MiB")?;
        let number = value.parse::<u64>().map(serde_json::Value::from);
        given.insert(name.to_owned(), number.unwrap_or_else(|_| value.into()));
    }
    serde_json::from_value(given.into())
        .map_err(|error| Problem::new(kinds::INVALID_LIMITS, format!("`--limit`: {error}")))
}

pub(super) fn split_pair<'a>(text: &'a str, example: &str) -> Result<(&'a str, &'a str), Problem> {
    text.split_once('=').ok_or_else(|| {
        let message = format!(
            "`{}` has no `=`; expected a pair such as `{example}`",
            text.escape_debug()
        );
        Problem::new(kinds::USAGE, message)
    })
}
