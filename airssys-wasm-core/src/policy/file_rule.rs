//! A view of a file rule for the code that opens directories.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use crate::capability::{Mode, Scope, Special};
use crate::{Kind, Rule};

/// The contents of a rule about files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// The rule itself.
    pub rule: Rule,
    /// The directory that contains everything the rule matches. Empty for the root directory,
    /// otherwise with a leading slash.
    pub root: String,
    /// `true` if the rule matches everything in the directory.
    pub is_tree: bool,
    /// `true` if the rule is about writing.
    pub writes: bool,
    /// `true` if writing is limited to the end of files.
    pub appends_only: bool,
    /// The directory on the host, if the rule specifies one.
    pub from: Option<String>,
    /// Maximum number of bytes stored in the directory.
    pub bytes_max: Option<u64>,
}

impl FileRule {
    /// Returns `None` if the rule is not about files.
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

    /// Returns `true` if the rule, as a grant, allows such a special file.
    #[must_use]
    pub fn names(&self, special: &Special) -> bool {
        self.rule.options.special.name(special)
    }

    /// Returns this rule extended with the options that allow such a special file, or `None` if no
    /// grant can allow it.
    #[must_use]
    pub fn naming(&self, special: &Special) -> Option<Rule> {
        let mut rule = self.rule.clone();
        rule.options.special = rule.options.special.naming(special)?;
        Some(rule)
    }
}
