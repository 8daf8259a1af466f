//! `wasi:config/store`: the granted keys with their values.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::{NamedRule, Operation, Policy};
use wasmtime::component::HasData;

use super::Authority;
use super::bindings::config::{Error as ConfigError, Host};
use crate::observe::CallId;
use crate::{Error, ErrorKind, Result};

/// Configuration values by key.
pub(crate) type Values = BTreeMap<String, String>;

/// Reads the granted values.
///
/// # Errors
///
/// [`ErrorKind::GrantUnusable`] if a grant has no value, or a pattern instead of a key.
pub(crate) fn read(policy: &Policy) -> Result<Values> {
    let granted = policy
        .grants()
        .allowed()
        .filter_map(NamedRule::from_rule)
        .filter(|rule| rule.kind == CapabilityKind::Config);
    granted
        .map(|rule| match rule.value {
            Some(value) if !rule.name.contains('*') => Ok((rule.name, value)),
            _ => {
                let message = format!(
                    "`config {}` needs one key and its value: `config greeting value=hello`",
                    rule.name
                );
                Err(Error::new(ErrorKind::GrantUnusable, message))
            }
        })
        .collect()
}

/// A marker type that selects [`ConfigView`] in the linker.
pub(crate) struct Config;

/// The parts of an instance's state that this capability uses.
pub(crate) struct ConfigView<'a> {
    pub(crate) values: &'a Values,
    pub(crate) authority: &'a Arc<Authority>,
    pub(crate) call: CallId,
}

impl HasData for Config {
    type Data<'a> = ConfigView<'a>;
}

impl ConfigView<'_> {
    fn is_readable(&self, key: &str) -> bool {
        self.authority
            .ask(
                Operation::Named {
                    kind: CapabilityKind::Config,
                    name: key.to_owned(),
                },
                self.call,
            )
            .is_ok()
    }
}

impl Host for ConfigView<'_> {
    /// Returns `None` for a key that may not be read, as for a missing key.
    fn get(
        &mut self,
        key: String,
    ) -> wasmtime::Result<std::result::Result<Option<String>, ConfigError>> {
        let value = if self.is_readable(&key) {
            self.values.get(&key).cloned()
        } else {
            None
        };
        Ok(Ok(value))
    }

    fn get_all(
        &mut self,
    ) -> wasmtime::Result<std::result::Result<Vec<(String, String)>, ConfigError>> {
        let readable = self.values.iter().filter(|(key, _)| self.is_readable(key));
        Ok(Ok(readable
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()))
    }
}
