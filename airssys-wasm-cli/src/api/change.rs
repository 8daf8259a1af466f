//! Entries of the deployment history.

use airssys_wasm_core::Rule;
use airssys_wasm_host::{Action, Change};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A change to a deployment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ChangeView {
    /// Time of the change: RFC 3339, UTC, to the millisecond.
    pub(crate) time: String,
    /// Name of the deployment.
    pub(crate) name: String,
    /// Kind of change: `deployed`, `updated`, `rolled-back`, `waits` (an update waits for
    /// approval), `revoked` or `removed`.
    pub(crate) action: String,
    /// Number of the revision that became active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<u64>,
    /// Version of the component that became active, if it declares one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// Digest of the component that became active or waits for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// The revoked rule; or `granted again:` and the previously revoked rules that an update
    /// granted again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
}

/// Formats the revoked rules that an update granted again. Returns `None` for an empty list.
fn granted_again(rules: &[Rule]) -> Option<String> {
    let lifted: Vec<String> = rules
        .iter()
        .map(|rule| rule.without_value().to_string())
        .collect();
    (!lifted.is_empty()).then(|| format!("granted again: {}", lifted.join("; ")))
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let (word, serves, digest, rule) = match &change.action {
            Action::Deployed(serves) => ("deployed", Some(serves), None, None),
            Action::Updated(serves) => {
                ("updated", Some(serves), None, granted_again(&serves.lifted))
            }
            Action::RolledBack(serves) => ("rolled-back", Some(serves), None, None),
            Action::AwaitsApproval { digest } => ("waits", None, Some(*digest), None),
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
            name: change.deployment.to_string(),
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
