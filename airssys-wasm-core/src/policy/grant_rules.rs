//! Grants as lists of texts, for requests and files.
//!
//! Tests: in this file.

use super::{Grants, Shortfall};
use crate::CapabilityError;

/// Grants, written as rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(default, deny_unknown_fields, rename_all = "kebab-case")
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrantRules {
    /// Rules to grant, such as `file-read /data from=/srv/data`.
    pub allow: Vec<String>,
    /// Rules to deny. They take precedence over granted ones.
    pub deny: Vec<String>,
    /// Runs the component even if it requires more than is granted. Otherwise the request fails.
    pub run_with_less: bool,
}

impl GrantRules {
    /// Parses the rules.
    ///
    /// # Errors
    ///
    /// [`CapabilityError`] for the first text that is not a rule.
    pub fn parse(&self) -> Result<Grants, CapabilityError> {
        let (mut allowed, mut denied) = (self.allow.iter(), self.deny.iter());
        let grants = allowed.try_fold(Grants::new(), |grants, rule| grants.allow(rule))?;
        let grants = denied.try_fold(grants, |grants, rule| grants.deny(rule))?;
        Ok(if self.run_with_less {
            grants.with_shortfall(Shortfall::RunWithLess)
        } else {
            grants
        })
    }
}

impl From<&Grants> for GrantRules {
    /// Writes grants and denies as rules. Revocations become denies: they belong to a deployment,
    /// and whatever else receives the rules must not allow what was revoked.
    fn from(grants: &Grants) -> Self {
        let denied = grants.denied().chain(grants.revoked());
        Self {
            allow: grants.allowed().map(ToString::to_string).collect(),
            deny: denied.map(ToString::to_string).collect(),
            run_with_less: grants.shortfall() == Shortfall::RunWithLess,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_parsed_and_written() {
        let rules = GrantRules {
            allow: vec!["config mood value=calm".into(), "env LANG".into()],
            deny: vec!["http https://api.example.com/private".into()],
            run_with_less: true,
        };
        let mut grants = rules.parse().expect("rules");
        assert_eq!(GrantRules::from(&grants), rules);
        grants.revoke(&"env LANG".parse().expect("a rule"));
        let written = GrantRules::from(&grants);
        assert_eq!(written.allow, rules.allow);
        assert_eq!(written.deny, [rules.deny[0].as_str(), "env LANG"]);
        let wrong = GrantRules {
            deny: vec!["file-raed /x".into()],
            ..GrantRules::default()
        };
        let error = wrong.parse().expect_err("a misspelt kind").to_string();
        assert!(error.contains("did you mean `file-read`?"), "{error}");
    }
}
