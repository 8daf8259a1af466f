//! The origin of a stage, code or text, so that advice uses the terms of that origin.
//!
//! Tests: `airssys-wasm-core/tests/pipeline/report.rs`.

use super::OnError;

/// The place where a stage is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StageOrigin {
    /// Calls to the builder.
    Code,
    /// A definition in TOML or JSON.
    Text,
}

impl StageOrigin {
    /// Returns the name that an option has in this form, given the option's name in code.
    pub(super) fn option_name(self, name: &str) -> String {
        match self {
            Self::Code => format!("`StageOptions::{name}`"),
            Self::Text => format!("`{}`", name.replace('_', "-")),
        }
    }

    /// Returns the name that an action has in this form.
    pub(super) fn action_name(self, action: OnError) -> String {
        match self {
            Self::Code => format!("`OnError::{action:?}`"),
            Self::Text => format!("`{}`", action.as_str()),
        }
    }
}
