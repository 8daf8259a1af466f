//! A rule about something by name, taken apart for whoever has the values.
//!
//! Tests: those of the host's rooms.

use crate::capability::Scope;
use crate::{Kind, Rule};

/// What a rule about a name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRule {
    /// What kind of thing has the name.
    pub kind: Kind,
    /// The name, or a pattern of names.
    pub name: String,
    /// Its value, if that was said.
    pub value: Option<String>,
}

impl NamedRule {
    /// None if the rule is about something else.
    #[must_use]
    pub fn of(rule: &Rule) -> Option<Self> {
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
