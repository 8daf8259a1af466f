//! A rule about files, taken apart for whoever opens directories.
//!
//! Tests: those of the host's `capability/files`.

use crate::capability::{Mode, Scope, Special};
use crate::{Kind, Rule};

/// What a rule about files says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// The rule itself.
    pub rule: Rule,
    /// The directory in which everything lies that it speaks of; empty for the root of
    /// everything, else beginning with a slash.
    pub root: String,
    /// Whether it speaks of all that lies there.
    pub is_tree: bool,
    /// Whether it is about writing.
    pub writes: bool,
    /// Whether it is about writing at the end only.
    pub appends_only: bool,
    /// Where the directory lies on the host, if that was said.
    pub from: Option<String>,
    /// How many bytes may lie there.
    pub bytes_max: Option<u64>,
}

impl FileRule {
    /// None if the rule is about something else.
    #[must_use]
    pub fn of(rule: &Rule) -> Option<Self> {
        let Scope::File { kind, path } = &rule.scope else {
            return None;
        };
        Some(Self {
            rule: rule.clone(),
            root: path.root(),
            is_tree: path.is_tree(),
            writes: *kind == Kind::FileWrite,
            appends_only: rule.options.mode == Mode::Append,
            from: rule.options.from.clone(),
            bytes_max: rule.options.bytes_max,
        })
    }

    /// Returns true if the rule, as a grant, gives such a file.
    #[must_use]
    pub fn names(&self, special: &Special) -> bool {
        self.rule.options.special.name(special)
    }

    /// Returns the same rule with the options that give such a file as well; none if no grant
    /// gives it.
    #[must_use]
    pub fn naming(&self, special: &Special) -> Option<Rule> {
        let mut rule = self.rule.clone();
        rule.options.special = rule.options.special.naming(special)?;
        Some(rule)
    }
}
