//! `wasi:cli/environment`: the variables that were granted, and nothing else.
//!
//! Their values were read when the component was deployed. There are no arguments unless the
//! embedder gives them, and there is no directory to begin in.
//! Tests: the workspace's `tests/suite/capabilities/values`.

use std::sync::Arc;

use airssys_wasm_core::Kind;
use airssys_wasm_core::policy::{NamedRule, Operation, Policy};
use wasmtime::component::HasData;
use wasmtime_wasi::p2::bindings::cli::environment::Host;

use super::Authority;
use crate::observe::CallId;
use crate::{Error, ErrorKind, Result};

/// Names and values.
pub(crate) type Variables = Vec<(String, String)>;

/// The granted variables: a value that was said, or that of the host's own.
///
/// # Errors
///
/// [`ErrorKind::GrantUnusable`] if the host has no such variable.
pub(crate) fn read_ambient(policy: &Policy) -> Result<Variables> {
    let granted = policy
        .grants()
        .allowed()
        .filter_map(NamedRule::of)
        .filter(|rule| rule.kind == Kind::Env);
    granted
        .map(|rule| {
            let value = rule.value.or_else(|| std::env::var(&rule.name).ok());
            let value = value.ok_or_else(|| {
                let message = format!(
                    "`env {0}`: this machine has no such variable; say `env {0} value=...`",
                    rule.name
                );
                Error::new(ErrorKind::GrantUnusable, message)
            })?;
            Ok((rule.name, value))
        })
        .collect()
}

/// Marks this room's view for the linker.
pub(crate) struct Environment;

/// The state of an instance, as this room sees it.
pub(crate) struct EnvironmentView<'a> {
    pub(crate) variables: &'a Variables,
    /// Those of the embedder's console.
    pub(crate) arguments: &'a [String],
    pub(crate) authority: &'a Arc<Authority>,
    pub(crate) call: CallId,
}

impl HasData for Environment {
    type Data<'a> = EnvironmentView<'a>;
}

impl Host for EnvironmentView<'_> {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let ask = |name: &String| {
            self.authority
                .ask(
                    Operation::Named {
                        kind: Kind::Env,
                        name: name.clone(),
                    },
                    self.call,
                )
                .is_ok()
        };
        Ok(self
            .variables
            .iter()
            .filter(|(name, _)| ask(name))
            .cloned()
            .collect())
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.arguments.to_vec())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}
