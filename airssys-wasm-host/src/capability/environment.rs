//! `wasi:cli/environment`: the granted variables, and nothing else.
//!
//! Values are read when the component is deployed. Arguments are those of the embedder's console,
//! if any, and there is no initial working directory.
//! Tests: `tests/suite/capabilities/values.rs`.

use std::sync::Arc;

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::{NamedRule, Operation, Policy};
use wasmtime::component::HasData;
use wasmtime_wasi::p2::bindings::cli::environment::Host;

use super::Authority;
use crate::observe::CallId;
use crate::{Error, ErrorKind, Result};

/// Environment variables: names and values.
pub(crate) type Variables = Vec<(String, String)>;

/// Reads the granted variables: the value in the grant, or that of the host's own environment.
///
/// # Errors
///
/// [`ErrorKind::GrantUnusable`] if the host has no such variable.
pub(crate) fn read_ambient(policy: &Policy) -> Result<Variables> {
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

/// A marker type that selects [`EnvironmentView`] in the linker.
pub(crate) struct Environment;

/// The parts of an instance's state that this capability uses.
pub(crate) struct EnvironmentView<'a> {
    pub(crate) variables: &'a Variables,
    /// The arguments of the embedder's console.
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
                        kind: CapabilityKind::Env,
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
