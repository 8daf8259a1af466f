//! Decisions: an operation is allowed if it is requested, granted, and not denied.
//!
//! Reads no clock; the caller passes the time. A reference matcher checks the decisions, and that
//! adding a deny or narrowing a grant never allows more.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use core::net::IpAddr;
use std::sync::Arc;

use super::matching::{MatchQuery, RuleMatch, RuleRole};
use super::rule_index::{OperationHashes, RuleIndex};
use super::{Grants, Operation, SpecialFile};
use crate::{Requests, Rule};

/// The permissions of a component: its requests, as far as they are granted and not denied.
///
/// ```
/// use airssys_wasm_core::policy::{Decision, DenialReason, FileAccess, Grants, Operation, Policy};
/// use airssys_wasm_core::{Capability, Requests};
///
/// let requests = Requests::new([Capability::FileRead("/data".into())])?;
/// let grants = Grants::new().allow("file-read /data")?.deny("file-read /data/private")?;
/// let policy = Policy::new(requests, grants);
/// let read = |path: &str| Operation::File { access: FileAccess::Read, path: path.into() };
/// assert!(policy.decide(&read("/data/a"), 0).is_allowed());
/// let denied = policy.decide(&read("/data/private/b"), 0);
/// assert!(matches!(denied, Decision::Denied(DenialReason::Denied { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    requested: RequestedCapabilities,
    grants: Grants,
    rules: PolicyRules,
}

/// The rules of a policy, indexed for decisions.
#[derive(Clone, Debug)]
struct PolicyRules {
    /// `None` if anything counts as requested.
    requested: Option<RuleIndex>,
    allowed: RuleIndex,
    denied: RuleIndex,
    revoked: RuleIndex,
}

/// The requests of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedCapabilities {
    /// The declared requests.
    Listed(Requests),
    /// The component has no list of requests, not even an empty one, and may use whatever it
    /// imports the interfaces for.
    Unlisted,
}

/// The answer to an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// The operation is allowed.
    Allowed {
        /// The grant that allows it. For kinds that every component may use, the grant that would
        /// be needed otherwise.
        rule: Arc<Rule>,
        /// The end of that grant's validity, in seconds since 1970.
        until: Option<u64>,
    },
    /// The operation is denied.
    Denied(DenialReason),
}

/// The reason an operation is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DenialReason {
    /// The component did not request it.
    NotRequested,
    /// The operator did not grant it.
    NotGranted,
    /// The operator denies it.
    Denied {
        /// The deny.
        rule: Rule,
    },
    /// A grant was revoked.
    Revoked {
        /// The revoked rule.
        rule: Rule,
    },
    /// The grant has expired.
    Expired {
        /// The grant.
        rule: Rule,
    },
    /// The target is an address that is not public and whose network no grant names.
    BlockedAddress {
        /// The address.
        address: IpAddr,
    },
    /// The file is special, or is on a file system that does not hold ordinary files, and no grant
    /// names that.
    SpecialFile {
        /// The special properties of the file.
        special: SpecialFile,
    },
    /// The operation would exceed the granted quota.
    OverQuota {
        /// The grant.
        rule: Rule,
    },
    /// The remaining budget of the host or of the deployment is smaller than the operation needs.
    OverBudget {
        /// The budget and its size.
        problem: String,
    },
    /// The operation follows a link, or would rename or link a file, to a path with different
    /// grants.
    LeavesGrant {
        /// The way in which it does so.
        problem: String,
    },
    /// The target of the operation is not canonical: it could be read in more than one way.
    Malformed {
        /// The problem with the target.
        problem: String,
    },
}

impl RequestedCapabilities {
    /// Iterates over the requested rules; empty if the component has no list of requests.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let requests = match self {
            Self::Listed(requests) => Some(requests),
            Self::Unlisted => None,
        };
        requests
            .into_iter()
            .flat_map(Requests::iter)
            .map(|(rule, _)| rule)
    }
}

impl Policy {
    /// Creates a policy from requests and grants.
    #[must_use]
    pub fn new(requests: Requests, grants: Grants) -> Self {
        Self::with_requested(RequestedCapabilities::Listed(requests), grants)
    }

    /// Creates a policy from requests and grants, also for a component without a list of requests.
    #[must_use]
    pub fn with_requested(requested: RequestedCapabilities, grants: Grants) -> Self {
        let rules = PolicyRules::new(&requested, &grants);
        Self {
            requested,
            grants,
            rules,
        }
    }

    /// The grants, denies and revocations.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The requests.
    #[must_use]
    pub fn requested(&self) -> &RequestedCapabilities {
        &self.requested
    }

    /// Returns a policy with the same requests and different grants.
    #[must_use]
    pub fn with_grants(&self, grants: Grants) -> Self {
        Self::with_requested(self.requested.clone(), grants)
    }

    /// Decides about an operation at a time in seconds since 1970. Custom rules allow exactly their
    /// words; see [`decide_custom`](Self::decide_custom).
    pub fn decide(&self, operation: &Operation, now: u64) -> Decision {
        self.decide_query(&MatchQuery::new(operation), now)
    }

    /// Decides about an operation of an embedder's kind. `allows` returns `true` if a rule with
    /// these words applies to the operation.
    pub fn decide_custom(
        &self,
        operation: &Operation,
        allows: &dyn Fn(&str) -> bool,
        now: u64,
    ) -> Decision {
        self.decide_query(&MatchQuery::with_provider(operation, allows), now)
    }

    /// Returns the special-file options of all grants that apply to a file operation, sorted and
    /// without duplicates. Two paths with the same options allow the same special files.
    #[must_use]
    pub fn granted_special_options(&self, operation: &Operation) -> Vec<String> {
        let (sought, marks) = (
            MatchQuery::new(operation),
            OperationHashes::from_operation(operation),
        );
        let speaking = self.rules.allowed.candidates(&marks, RuleRole::Grant);
        let speaking =
            speaking.filter(|rule| sought.match_rule(rule, RuleRole::Grant) != RuleMatch::No);
        let mut given: Vec<String> = speaking
            .map(|rule| rule.options.special.to_string())
            .collect();
        given.sort_unstable();
        given.dedup();
        given
    }

    fn decide_query(&self, sought: &MatchQuery<'_>, now: u64) -> Decision {
        if let Some(problem) = sought.operation.ambiguity() {
            return Decision::Denied(DenialReason::Malformed {
                problem: problem.into(),
            });
        }
        let marks = OperationHashes::from_operation(sought.operation);
        let denying = |rules: &RuleIndex| {
            first_match(rules, sought, &marks, RuleRole::Deny).map(|rule| Rule::clone(rule))
        };
        if let Some(rule) = denying(&self.rules.denied) {
            return Decision::Denied(DenialReason::Denied { rule });
        }
        if let Some(rule) = denying(&self.rules.revoked) {
            return Decision::Denied(DenialReason::Revoked { rule });
        }
        if let Some(rule) = baseline_rule(sought.operation) {
            return Decision::Allowed {
                rule: Arc::new(rule),
                until: None,
            };
        }
        let requested = self.rules.requested.as_ref();
        if requested
            .is_some_and(|rules| first_match(rules, sought, &marks, RuleRole::Request).is_none())
        {
            return Decision::Denied(DenialReason::NotRequested);
        }
        self.decide_by_grants(sought, &marks, now)
    }

    fn decide_by_grants(
        &self,
        sought: &MatchQuery<'_>,
        marks: &OperationHashes,
        now: u64,
    ) -> Decision {
        let mut reason = DenialReason::NotGranted;
        for rule in self.rules.allowed.candidates(marks, RuleRole::Grant) {
            match sought.match_rule(rule, RuleRole::Grant) {
                RuleMatch::Yes if let Some(taken) = self.grants.full_denial(rule) => reason = taken,
                RuleMatch::Yes if rule.options.expires_at.is_some_and(|until| until <= now) => {
                    reason = DenialReason::Expired {
                        rule: Rule::clone(rule),
                    };
                }
                RuleMatch::Yes => {
                    return Decision::Allowed {
                        rule: Arc::clone(rule),
                        until: rule.options.expires_at,
                    };
                }
                RuleMatch::Blocked(address) if reason == DenialReason::NotGranted => {
                    reason = DenialReason::BlockedAddress { address }
                }
                RuleMatch::Special if reason == DenialReason::NotGranted => {
                    if let Operation::SpecialFile { special, .. } = sought.operation {
                        reason = DenialReason::SpecialFile {
                            special: special.clone(),
                        };
                    }
                }
                _ => {}
            }
        }
        Decision::Denied(reason)
    }
}

impl PolicyRules {
    fn new(requested: &RequestedCapabilities, grants: &Grants) -> Self {
        let requested = match requested {
            RequestedCapabilities::Unlisted => None,
            RequestedCapabilities::Listed(requests) => {
                Some(requests.iter().map(|(rule, _)| rule).collect())
            }
        };
        Self {
            requested,
            allowed: RuleIndex::new(&grants.allowed),
            denied: RuleIndex::new(&grants.denied),
            revoked: RuleIndex::new(&grants.revoked),
        }
    }
}

/// Returns the first rule that applies.
fn first_match<'a>(
    rules: &'a RuleIndex,
    sought: &MatchQuery<'_>,
    marks: &'a OperationHashes,
    reading: RuleRole,
) -> Option<&'a Arc<Rule>> {
    rules
        .candidates(marks, reading)
        .find(|rule| sought.match_rule(rule, reading) == RuleMatch::Yes)
}

fn baseline_rule(operation: &Operation) -> Option<Rule> {
    match operation {
        Operation::Named { kind, .. } if kind.is_baseline() => operation.least_rule(),
        _ => None,
    }
}

impl Decision {
    /// Returns `true` if the operation is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

impl DenialReason {
    /// A short text for the reason, the same for every operation: `not granted`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotRequested => "not requested",
            Self::NotGranted => "not granted",
            Self::Denied { .. } => "denied by rule",
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::BlockedAddress { .. } => "blocked address",
            Self::SpecialFile { .. } => "special file",
            Self::OverQuota { .. } => "over quota",
            Self::OverBudget { .. } => "over budget",
            Self::LeavesGrant { .. } => "leads elsewhere",
            Self::Malformed { .. } => "malformed",
        }
    }

    /// The rule that caused the denial, if there is one.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        match self {
            Self::Denied { rule }
            | Self::Revoked { rule }
            | Self::Expired { rule }
            | Self::OverQuota { rule } => Some(rule),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;

    use super::*;
    use crate::policy::{FileAccess, SocketAccess};

    fn reason(grants: &str, operation: &Operation) -> Option<&'static str> {
        let policy = Policy::with_requested(
            RequestedCapabilities::Unlisted,
            grants.parse().expect(grants),
        );
        match policy.decide(operation, 0) {
            Decision::Allowed { .. } => None,
            Decision::Denied(reason) => Some(reason.as_str()),
        }
    }

    fn accept() -> Operation {
        let address = SocketAddr::from(([10, 1, 1, 1], 50_000));
        Operation::Socket {
            access: SocketAccess::TcpAccept,
            address,
            names: Vec::new(),
        }
    }

    #[test]
    fn ambiguous_targets_are_malformed() {
        let file = |path: &str| Operation::File {
            access: FileAccess::Read,
            path: path.into(),
        };
        for path in [
            "data/x",
            "",
            "/data/../etc/passwd",
            "/data/.",
            "/data/x\0.csv",
        ] {
            assert_eq!(
                reason("file-read /", &file(path)),
                Some("malformed"),
                "{path:?}"
            );
        }
        for name in ["Evil.com", "evil.com.", "\u{ff45}vil.com", "evil.com\n"] {
            assert_eq!(
                reason("dns **", &Operation::Lookup { name: name.into() }),
                Some("malformed"),
                "{name}"
            );
        }
    }

    #[test]
    fn clocks_need_no_grant_and_can_be_denied() {
        let clock = Operation::Named {
            kind: crate::CapabilityKind::Clock,
            name: "wall".into(),
        };
        let policy = Policy::new(Requests::default(), Grants::new());
        assert!(policy.decide(&clock, 0).is_allowed());
        assert_eq!(reason("deny clock wall", &clock), Some("denied by rule"));
    }

    #[test]
    fn implied_permissions_are_revoked_with_their_grant() {
        let look = Operation::File {
            access: FileAccess::Stat,
            path: "/d/x".into(),
        };
        let lookup = Operation::Lookup { name: "db".into() };
        for (grant, operation) in [
            ("tcp db:5432", &lookup),
            ("file-write /d", &look),
            ("network-inbound 127.0.0.1:80", &accept()),
            ("network-inbound **:80", &accept()),
        ] {
            assert_eq!(reason(grant, operation), None, "{grant}");
            assert_eq!(
                reason(&format!("{grant}\nrevoked {grant}"), operation),
                Some("revoked"),
                "{grant}"
            );
            assert_eq!(
                reason(&format!("{grant}\ndeny {grant}"), operation),
                Some("denied by rule"),
                "{grant}"
            );
        }
        for own in ["dns db", "dns db\ntcp db:1", "dns **"] {
            for taken in ["deny tcp db:*", "revoked tcp **:*", "deny tcp db:1,2"] {
                assert_eq!(
                    reason(&format!("{own}\n{taken}"), &lookup),
                    None,
                    "{own} {taken}"
                );
            }
        }
        assert_eq!(
            reason("tcp db:1\ndeny tcp db:1,2", &lookup),
            Some("denied by rule")
        );
        assert_eq!(
            reason("file-read /d\nfile-write /d\ndeny file-write /d", &look),
            None
        );
        assert_eq!(
            reason(
                "network-inbound 127.0.0.1:80\nrevoked network-inbound **",
                &accept()
            ),
            Some("revoked")
        );
    }
}
