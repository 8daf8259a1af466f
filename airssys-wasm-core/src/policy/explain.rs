//! Explanations of decisions for the operator: the operation, the related requests and grants, the
//! verdict, and the lines that would allow the operation.
//!
//! The guest never receives an explanation; it only learns that access is denied.
//! Tests: in this file.

use std::fmt;

use super::{Decision, DenialReason, Operation, Policy, RequestedCapabilities};
use crate::Rule;
use crate::capability::Scope;
use crate::policy::matching::{MatchQuery, RuleMatch, RuleRole};

/// An operation, the decision about it, and the rules the decision is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The operation.
    pub operation: Operation,
    /// The decision.
    pub decision: Decision,
    /// Requests of the same kind. `None` if the component has no list of requests.
    pub requested: Option<Vec<Rule>>,
    /// Grants of the same kind.
    pub granted: Vec<Rule>,
}

impl Policy {
    /// Decides about an operation and explains the decision.
    #[must_use]
    pub fn explain(&self, operation: &Operation, now: u64) -> Explanation {
        let sought = MatchQuery::new(operation);
        let related = |rule: &&Rule| sought.is_of_kind(rule);
        let requested = match self.requested() {
            RequestedCapabilities::Unlisted => None,
            RequestedCapabilities::Listed(requests) => Some(
                requests
                    .iter()
                    .map(|(rule, _)| rule)
                    .filter(related)
                    .cloned()
                    .collect(),
            ),
        };
        Explanation {
            operation: operation.clone(),
            decision: self.decide(operation, now),
            requested,
            granted: self.grants().allowed().filter(related).cloned().collect(),
        }
    }
}

impl Explanation {
    /// The request that the author would have to add. `None` if the operation is already requested,
    /// or if a request would not help.
    #[must_use]
    pub fn request_to_add(&self) -> Option<Rule> {
        match &self.decision {
            Decision::Denied(DenialReason::NotRequested) => self
                .operation
                .least_rule()
                .map(|rule| rule.without_options()),
            _ => None,
        }
    }

    /// The grant that the operator would have to add: the one that was revoked, or the smallest one
    /// that would help. A grant of a path says nothing about its place on the host. `None` if a
    /// grant would not help, for example against a deny.
    #[must_use]
    pub fn grant_to_add(&self) -> Option<Rule> {
        match &self.decision {
            Decision::Denied(DenialReason::Revoked { .. }) => {
                self.revoked_grant().or_else(|| self.operation.least_rule())
            }
            Decision::Denied(
                DenialReason::NotRequested
                | DenialReason::NotGranted
                | DenialReason::Expired { .. }
                | DenialReason::BlockedAddress { .. }
                | DenialReason::SpecialFile { .. },
            ) => self.operation.least_rule(),
            _ => None,
        }
    }

    /// Returns the grant that would allow the operation if nothing were revoked.
    fn revoked_grant(&self) -> Option<Rule> {
        let sought = MatchQuery::new(&self.operation);
        let mut granted = self.granted.iter();
        granted
            .find(|rule| sought.match_rule(rule, RuleRole::Grant) == RuleMatch::Yes)
            .map(Rule::without_value)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match &self.decision {
            Decision::Allowed { rule, .. } => format!("allowed by `{}`", rule.without_value()),
            Decision::Denied(reason) => format!("denied: {reason}"),
        };
        writeln!(f, "tried      {}", self.operation)?;
        match &self.requested {
            Some(rules) => writeln!(f, "requested  {}", rule_list(rules))?,
            None => writeln!(
                f,
                "requested  anything: the component has no list of requests"
            )?,
        }
        writeln!(f, "granted    {}", rule_list(&self.granted))?;
        writeln!(f, "verdict    {verdict}")?;
        if let Some(rule) = self.request_to_add() {
            writeln!(f, "author     request it: {rule}")?;
        }
        if let Some(rule) = self.grant_to_add() {
            let from = match (&rule.scope, &rule.options.host_directory) {
                (Scope::File { .. }, None) => {
                    ", with `from=PATH` if its path on the host is another"
                }
                _ => "",
            };
            writeln!(f, "operator   grant it: {rule}{from}")?;
        }
        Ok(())
    }
}

fn rule_list(rules: &[Rule]) -> String {
    if rules.is_empty() {
        return "nothing of this kind".into();
    }
    rules
        .iter()
        .map(|rule| rule.without_value().to_string())
        .collect::<Vec<_>>()
        .join("; ")
}

impl fmt::Display for DenialReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRequested => f.write_str("not requested"),
            Self::NotGranted => f.write_str("not granted"),
            Self::Denied { rule } => write!(f, "denied by rule `{rule}`"),
            Self::Revoked { rule } => write!(f, "`{rule}` was revoked"),
            Self::Expired { rule } => write!(f, "`{}` has expired", rule.without_value()),
            Self::BlockedAddress { address } => {
                write!(
                    f,
                    "leads to {address}, which is not public, and no grant names its network"
                )
            }
            Self::SpecialFile { special } => match special.grant_options() {
                Some(options) => write!(
                    f,
                    "{special}, which needs `{}` in a grant",
                    options.trim_start()
                ),
                None => write!(f, "{special}, which cannot be opened by path"),
            },
            Self::OverQuota { rule } => write!(f, "over the quota of `{rule}`"),
            Self::OverBudget { problem }
            | Self::LeavesGrant { problem }
            | Self::Malformed { problem } => f.write_str(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{FileAccess, Grants};
    use crate::{Capability, Requests};

    fn read(path: &str) -> Operation {
        Operation::File {
            access: FileAccess::Read,
            path: path.into(),
        }
    }

    #[test]
    fn names_the_lines_that_would_allow_it() {
        let requests = Requests::new([Capability::FileRead("/data".into())]).expect("requests");
        let policy = Policy::new(
            requests,
            Grants::new().allow("file-read /data/a").expect("a grant"),
        );
        assert_eq!(
            policy.explain(&read("/data/my b"), 0).to_string(),
            "tried      file-read /data/my b\n\
             requested  file-read /data\n\
             granted    file-read /data/a\n\
             verdict    denied: not granted\n\
             operator   grant it: file-read \"/data/my b\", with `from=PATH` if its path on the host is another\n"
        );
        let both = policy.explain(&read("/etc/passwd"), 0).to_string();
        assert!(
            both.contains("author     request it: file-read /etc/passwd"),
            "{both}"
        );
    }

    #[test]
    fn suggests_the_grant_that_was_revoked() {
        let requests = Requests::new([Capability::FileRead("/data".into())]).expect("requests");
        let grants = Grants::new().allow("file-read /data from=/srv/data");
        let mut grants = grants.expect("a grant");
        grants.revoke(&"file-read /data".parse().expect("a rule"));
        let revoked = Policy::new(requests, grants);
        let explanation = revoked.explain(&read("/data/a"), 0).to_string();
        assert!(
            explanation.ends_with("operator   grant it: file-read /data from=/srv/data\n"),
            "{explanation}"
        );
    }

    #[test]
    fn suggests_no_grant_against_a_deny() {
        let grants = Grants::new().deny("file-read /").expect("a deny");
        let policy = Policy::with_requested(RequestedCapabilities::Unlisted, grants);
        assert_eq!(policy.explain(&read("/a"), 0).grant_to_add(), None);
    }
}
