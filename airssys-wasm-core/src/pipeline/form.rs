//! Whether something was said in code or in a text, for advice in the same words.
//!
//! Tests: golden reports in `tests/pipeline`.

use super::OnError;

/// Where a stage was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// To the builder.
    Code,
    /// In a definition, TOML or JSON.
    Text,
}

impl Form {
    /// What an option of a stage is called there, by its name in code.
    pub(super) fn option(self, name: &str) -> String {
        match self {
            Self::Code => format!("`StageOptions::{name}`"),
            Self::Text => format!("`{}`", name.replace('_', "-")),
        }
    }

    /// What an action is called there.
    pub(super) fn action(self, action: OnError) -> String {
        match self {
            Self::Code => format!("`OnError::{action:?}`"),
            Self::Text => format!("`{}`", action.word()),
        }
    }
}
