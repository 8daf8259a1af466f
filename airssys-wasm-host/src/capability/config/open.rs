//! The configuration of a revision, read when it is deployed.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use std::collections::BTreeMap;

use airssys_wasm_core::CapabilityKind;
use airssys_wasm_core::policy::{NamedRule, Policy};

use crate::{Error, ErrorKind, Result};

/// The granted keys with their values.
pub(in crate::capability) struct ConfigState(pub(super) BTreeMap<String, String>);

impl ConfigState {
    /// Reads the granted values.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::GrantUnusable`] if a grant has no value, or a pattern instead of a key.
    pub(super) fn open(policy: &Policy) -> Result<Self> {
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
            .collect::<Result<_>>()
            .map(Self)
    }
}
