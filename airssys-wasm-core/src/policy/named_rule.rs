//! A view of a rule about a name, for the code that stores the values.
//!
//! Tests: `tests/suite/capabilities/values.rs`.

use crate::capability::Scope;
use crate::{CapabilityKind, Rule};

/// The contents of a rule about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRule {
    /// The kind of the named thing.
    pub kind: CapabilityKind,
    /// The name, or a pattern of names.
    pub name: String,
    /// The value, if the rule sets one.
    pub value: Option<String>,
}

impl NamedRule {
    /// Returns `None` if the rule is not about a name.
    #[must_use]
    pub fn from_rule(rule: &Rule) -> Option<Self> {
        let Scope::Named { kind, pattern } = &rule.scope else {
            return None;
        };
        Some(Self {
            kind: *kind,
            name: pattern.clone(),
            value: rule.options.value.clone(),
        })
    }
}
