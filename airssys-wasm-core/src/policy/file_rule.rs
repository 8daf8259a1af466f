//! A view of a file rule for the code that opens directories.
//!
//! Tests: `tests/suite/capabilities/files.rs`.

use crate::capability::{Scope, SpecialFile, WriteMode};
use crate::{CapabilityKind, Rule};

/// The contents of a rule about files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRule {
    /// The rule itself.
    pub rule: Rule,
    /// The directory that contains everything the rule matches. Empty for the root directory,
    /// otherwise with a leading slash.
    pub root: String,
    /// `true` if the rule matches everything in the directory.
    pub is_subtree: bool,
    /// `true` if the rule is about writing.
    pub is_write: bool,
    /// `true` if writing is limited to the end of files.
    pub appends_only: bool,
    /// The directory on the host, if the rule specifies one.
    pub host_directory: Option<String>,
    /// Maximum number of bytes stored in the directory.
    pub bytes_max: Option<u64>,
}

impl FileRule {
    /// Returns `None` if the rule is not about files.
    #[must_use]
    pub fn from_rule(rule: &Rule) -> Option<Self> {
        let Scope::File { kind, path } = &rule.scope else {
            return None;
        };
        Some(Self {
            rule: rule.clone(),
            root: path.root(),
            is_subtree: path.is_subtree(),
            is_write: *kind == CapabilityKind::FileWrite,
            appends_only: rule.options.mode == WriteMode::Append,
            host_directory: rule.options.host_directory.clone(),
            bytes_max: rule.options.bytes_max,
        })
    }

    /// Returns `true` if the rule, as a grant, allows such a special file.
    #[must_use]
    pub fn allows_special(&self, special: &SpecialFile) -> bool {
        self.rule.options.special.allows(special)
    }

    /// Returns this rule extended with the options that allow such a special file, or `None` if no
    /// grant can allow it.
    #[must_use]
    pub fn extended_for(&self, special: &SpecialFile) -> Option<Rule> {
        let mut rule = self.rule.clone();
        rule.options.special = rule.options.special.extended_for(special)?;
        Some(rule)
    }
}
