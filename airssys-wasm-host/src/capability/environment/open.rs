//! The environment variables of a revision, read when it is deployed.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::{NamedRule, Policy};

use crate::capability::contract::RevisionOpening;
use crate::{Error, ErrorKind, Result};

/// The granted variables with their values, and the arguments of the console.
pub(in crate::capability) struct EnvironmentState {
    pub(super) variables: Vec<(String, String)>,
    pub(super) arguments: Vec<String>,
}

impl EnvironmentState {
    pub(super) fn open(opening: &RevisionOpening<'_>) -> Result<Self> {
        let console = opening.console;
        Ok(Self {
            variables: read_ambient(opening.policy)?,
            arguments: console
                .map(|console| console.arguments.clone())
                .unwrap_or_default(),
        })
    }
}

/// Reads the granted variables: the value in the grant, or that of the host's own environment.
///
/// # Errors
///
/// [`ErrorKind::GrantUnusable`] if the host has no such variable.
fn read_ambient(policy: &Policy) -> Result<Vec<(String, String)>> {
    let granted = policy
        .grants()
        .allowed()
        .filter_map(NamedRule::from_rule)
        .filter(|rule| rule.kind == CapabilityKind::Env);
    granted
        .map(|rule| {
            let value = rule.value.or_else(|| std::env::var(&rule.name).ok());
            let value = value.ok_or_else(|| {
                let message = format!(
                    "`env {0}`: this machine has no such variable; write `env {0} value=...`",
                    rule.name
                );
                Error::new(ErrorKind::GrantUnusable, message)
            })?;
            Ok((rule.name, value))
        })
        .collect()
}
