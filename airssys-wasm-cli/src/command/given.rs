//! Grants, limits and what else is said of a component on the command line.

use std::collections::BTreeMap;
use std::path::PathBuf;

use airssys_wasm_core::Limits;
use airssys_wasm_core::policy::Shortfall;
use airssys_wasm_host::ErrorKind;
use clap::Args;

use crate::api::{Given, Problem, kinds};

/// What a component is granted.
#[derive(Debug, Args)]
pub(super) struct GrantArguments {
    /// Grant what a rule says: 'file-read /data from=/srv/data'; repeat for more
    #[arg(long = "grant", value_name = "RULE")]
    grant: Vec<String>,
    /// Deny what a rule says, whatever grants it
    #[arg(long = "deny", value_name = "RULE")]
    deny: Vec<String>,
    /// Grant what a TOML file says: `allow = [...]`, `deny = [...]`
    #[arg(long, value_name = "FILE")]
    grants: Option<PathBuf>,
    /// Run it although it requires more than it is granted
    #[arg(long)]
    run_with_less: bool,
}

impl GrantArguments {
    /// Whether anything was said.
    pub(super) fn is_empty(&self) -> bool {
        self.grant.is_empty()
            && self.deny.is_empty()
            && self.grants.is_none()
            && !self.run_with_less
    }

    pub(super) fn given(self) -> Result<Given, Problem> {
        let mut given = Given {
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
            given.run_with_less |= grants.on_shortfall() == Shortfall::RunWithLess;
        }
        Ok(given)
    }
}

/// What a component runs under.
#[derive(Debug, Args)]
pub(super) struct RunsUnder {
    /// `per-call`, `pooled 8` or `stateful`; what its author says unless said
    #[arg(long, value_name = "HOW")]
    pub(super) instancing: Option<String>,
    /// A limit: memory-bytes-max=64MiB, call-deadline=5s; repeat for more
    #[arg(long = "limit", value_name = "LIMIT=VALUE")]
    limit: Vec<String>,
    /// Who serves an interface that it imports: acme:store/kv=store; repeat for more
    #[arg(long = "link", value_name = "INTERFACE=NAME")]
    link: Vec<String>,
}

impl RunsUnder {
    pub(super) fn limits(&self) -> Result<Option<Limits>, Problem> {
        if self.limit.is_empty() {
            return Ok(None);
        }
        let mut said = serde_json::Map::new();
        for limit in &self.limit {
            let (name, value) = pair(limit, "memory-bytes-max=64MiB")?;
            let number = value.parse::<u64>().map(serde_json::Value::from);
            said.insert(name.to_owned(), number.unwrap_or_else(|_| value.into()));
        }
        let limits = serde_json::from_value(said.into());
        limits
            .map(Some)
            .map_err(|error| Problem::of(ErrorKind::InvalidLimits, format!("`--limit`: {error}")))
    }

    pub(super) fn links(&self) -> Result<BTreeMap<String, String>, Problem> {
        let link = |text: &String| {
            pair(text, "acme:store/kv=store")
                .map(|(interface, name)| (interface.to_owned(), name.to_owned()))
        };
        self.link.iter().map(link).collect()
    }
}

pub(super) fn pair<'a>(text: &'a str, example: &str) -> Result<(&'a str, &'a str), Problem> {
    text.split_once('=').ok_or_else(|| {
        let message = format!(
            "`{}` has no `=`; write for example `{example}`",
            text.escape_debug()
        );
        Problem::new(kinds::USAGE, message)
    })
}
