//! What was done to names, as it is told.

use airssys_wasm_core::Rule;
use airssys_wasm_host::{Action, Change};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that was done.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ChangeView {
    /// In UTC, to the millisecond.
    pub(crate) time: String,
    pub(crate) name: String,
    /// `deployed`, `updated`, `rolled-back`, `waits`, `revoked` or `removed`.
    pub(crate) action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// What was revoked, or `granted again:` and what an update gave back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
}

/// The rules that an update gave back; none for most.
fn granted_again(rules: &[Rule]) -> Option<String> {
    let told: Vec<String> = rules
        .iter()
        .map(|rule| rule.without_value().to_string())
        .collect();
    (!told.is_empty()).then(|| format!("granted again: {}", told.join("; ")))
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let (word, serves, digest, rule) = match &change.action {
            Action::Deployed(serves) => ("deployed", Some(serves), None, None),
            Action::Updated(serves) => {
                ("updated", Some(serves), None, granted_again(&serves.lifted))
            }
            Action::RolledBack(serves) => ("rolled-back", Some(serves), None, None),
            Action::Waits { digest } => ("waits", None, Some(*digest), None),
            Action::Revoked { rule } => (
                "revoked",
                None,
                None,
                Some(rule.without_value().to_string()),
            ),
            _ => ("removed", None, None, None),
        };
        Self {
            time: humantime::format_rfc3339_millis(change.at).to_string(),
            name: change.component.to_string(),
            action: word.to_owned(),
            revision: serves.map(|serves| serves.revision),
            version: serves
                .and_then(|serves| serves.version.as_ref())
                .map(ToString::to_string),
            digest: serves
                .map(|serves| serves.digest)
                .or(digest)
                .map(|digest| digest.to_string()),
            rule,
        }
    }
}
