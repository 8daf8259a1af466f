//! Grants of a deployment as the API returns them, and requests to revoke and explain.

use airssys_wasm_core::policy::Grants;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The capabilities of a deployment's active revision. Values of environment variables and of
/// configuration are left out.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GrantsView {
    /// Granted rules.
    pub(crate) allow: Vec<String>,
    /// Denied rules. They take precedence over granted ones.
    pub(crate) deny: Vec<String>,
    /// Rules revoked since they were granted.
    pub(crate) revoked: Vec<String>,
    /// Previously revoked rules that these grants granted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) granted_again: Vec<String>,
    /// Rules the component requests; `null` if it does not declare what it needs.
    pub(crate) requests: Option<Vec<String>>,
    /// In audit-only mode, the smallest set of rules that covers what the revision has done so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) learned: Option<Vec<String>>,
}

/// A request to revoke a rule.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RevokeRequest {
    /// The rule to revoke, such as `file-read /data`.
    pub(crate) rule: String,
}

/// An operation to explain.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ExplainRequest {
    /// The operation, as written in audit records: `file-read /data/a.txt`.
    pub(crate) operation: String,
}

/// The policy decision about an operation.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ExplanationView {
    /// The operation, in canonical form.
    pub(crate) operation: String,
    /// `true` if the operation would be allowed.
    pub(crate) allowed: bool,
    /// The reason, as text for an operator.
    pub(crate) text: String,
}

/// The effect of a revocation.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct RevocationResult {
    /// Granted rules that the revocation affects. Empty if no grant matched; the revoked rule is
    /// denied all the same.
    pub(crate) touched: Vec<String>,
}

impl RevocationResult {
    pub(crate) fn from_rules(touched: &[airssys_wasm_core::Rule]) -> Self {
        Self {
            touched: touched
                .iter()
                .map(|rule| rule.without_value().to_string())
                .collect(),
        }
    }
}

impl GrantsView {
    pub(crate) fn new(
        grants: &Grants,
        lifted: &[airssys_wasm_core::Rule],
        requests: Option<Vec<String>>,
        learned: Option<Vec<String>>,
    ) -> Self {
        let texts = |rules: &mut dyn Iterator<Item = &airssys_wasm_core::Rule>| {
            rules.map(|rule| rule.without_value().to_string()).collect()
        };
        Self {
            allow: texts(&mut grants.allowed()),
            deny: texts(&mut grants.denied()),
            revoked: texts(&mut grants.revoked()),
            granted_again: texts(&mut lifted.iter()),
            requests,
            learned,
        }
    }
}
