//! What a deployment is granted, as it is told.

use airssys_wasm_core::policy::Grants;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the revision that serves is granted and denied. Values of variables and of
/// configuration are not told.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GrantsView {
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
    pub(crate) revoked: Vec<String>,
    /// What was revoked before, and given back by these grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) granted_again: Vec<String>,
    /// What it requests; none if it does not say.
    pub(crate) requests: Option<Vec<String>>,
    /// The least that would have done so far, if that is being found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) learned: Option<Vec<String>>,
}

/// What is taken back.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Revoke {
    pub(crate) rule: String,
}

/// What somebody asks about.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Asked {
    /// As audit records tell it: `file-read /data/a.txt`.
    pub(crate) operation: String,
}

/// Whether it would be allowed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Explained {
    pub(crate) operation: String,
    pub(crate) allowed: bool,
    /// On what grounds, in words.
    pub(crate) text: String,
}

/// What that touched.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Revoked {
    pub(crate) touched: Vec<String>,
}

impl Revoked {
    pub(crate) fn of(touched: &[airssys_wasm_core::Rule]) -> Self {
        Self {
            touched: touched
                .iter()
                .map(|rule| rule.without_value().to_string())
                .collect(),
        }
    }
}

impl GrantsView {
    pub(crate) fn of(
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
