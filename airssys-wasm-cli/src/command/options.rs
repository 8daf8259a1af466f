//! Options for grants, limits, links and instancing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use airssys_wasm_core::Limits;
use airssys_wasm_core::policy::Shortfall;
use clap::Args;

use crate::api::{GrantRules, Problem, kinds};

/// The options for the grants of a component.
#[derive(Debug, Args)]
pub(super) struct GrantOptions {
    /// Grant a rule: 'file-read /data from=/srv/data'; can be repeated
    #[arg(long = "grant", value_name = "RULE")]
    grant: Vec<String>,
    /// Deny a rule, even if it is granted; can be repeated
    #[arg(long = "deny", value_name = "RULE")]
    deny: Vec<String>,
    /// TOML file with rules to grant and deny: `allow = [...]`, `deny = [...]`
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// Run the component even if it requires more than it is granted
    #[arg(long)]
    run_with_less: bool,
}

impl GrantOptions {
    /// Returns `true` if none of the options is given.
    pub(super) fn is_empty(&self) -> bool {
        self.grant.is_empty()
            && self.deny.is_empty()
            && self.grants.is_none()
            && !self.run_with_less
    }

    pub(super) fn into_grants(self) -> Result<GrantRules, Problem> {
        let mut given = GrantRules {
            allow: self.grant,
            deny: self.deny,
            run_with_less: self.run_with_less,
        };
        if let Some(path) = self.grants {
            let grants = airssys_wasm_host::read_grants(path)?;
            given
                .allow
                .extend(grants.allowed().map(ToString::to_string));
            given.deny.extend(grants.denied().map(ToString::to_string));
            given.run_with_less |= grants.shortfall() == Shortfall::RunWithLess;
        }
        Ok(given)
    }
}

/// The options for instancing, limits and links.
#[derive(Debug, Args)]
pub(super) struct RuntimeOptions {
    /// Instancing: `per-call`, `pooled 8` or `stateful`; defaults to the choice of the component's
    /// author
    #[arg(long, value_name = "HOW")]
    pub(super) instancing: Option<String>,
    /// Set a limit: memory-bytes-max=64MiB, call-deadline=5s; can be repeated
    #[arg(long = "limit", value_name = "LIMIT=VALUE")]
    limit: Vec<String>,
    /// Link an imported interface to a deployment: acme:store/kv=store; can be repeated
    #[arg(long = "link", value_name = "INTERFACE=NAME")]
    link: Vec<String>,
}

impl RuntimeOptions {
    pub(super) fn limits(&self) -> Result<Option<Limits>, Problem> {
        if self.limit.is_empty() {
            return Ok(None);
        }
        let mut said = serde_json::Map::new();
        for limit in &self.limit {
            let (name, value) = split_pair(limit, "memory-bytes-max=64MiB")?;
            let number = value.parse::<u64>().map(serde_json::Value::from);
            said.insert(name.to_owned(), number.unwrap_or_else(|_| value.into()));
        }
        let limits = serde_json::from_value(said.into());
        limits
            .map(Some)
            .map_err(|error| Problem::new(kinds::INVALID_LIMITS, format!("`--limit`: {error}")))
    }

    pub(super) fn links(&self) -> Result<BTreeMap<String, String>, Problem> {
        let link = |text: &String| {
            split_pair(text, "acme:store/kv=store")
                .map(|(interface, name)| (interface.to_owned(), name.to_owned()))
        };
        self.link.iter().map(link).collect()
    }
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
