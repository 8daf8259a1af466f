//! Decisions: an operation is allowed if it is requested, granted, and not denied.
//!
//! Reads no clock; the caller passes the time. A reference matcher checks the decisions, and that
//! adding a deny or narrowing a grant never allows more.
//! Tests: in this file, `airssys-wasm-core/tests/reference`.

use core::net::IpAddr;
use std::sync::Arc;

use super::fit::{Fit, Reading, Sought};
use super::listed::{Listed, Marks};
use super::{Grants, Operation, Special};
use crate::{Requests, Rule};

/// The permissions of a component: its requests, as far as they are granted and not denied.
///
/// ```
/// use airssys_wasm_core::policy::{Decision, FileAccess, Grants, Operation, Policy, Reason};
/// use airssys_wasm_core::{Capability, Requests};
///
/// let requests = Requests::new([Capability::FileRead("/data".into())])?;
/// let grants = Grants::new().allow("file-read /data")?.deny("file-read /data/private")?;
/// let policy = Policy::new(requests, grants);
/// let read = |path: &str| Operation::File { access: FileAccess::Read, path: path.into() };
/// assert!(policy.decide(&read("/data/a"), 0).is_allowed());
/// let denied = policy.decide(&read("/data/private/b"), 0);
/// assert!(matches!(denied, Decision::Denied(Reason::Denied { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    requested: Requested,
    grants: Grants,
    rules: Rules,
}

/// The rules of a policy, indexed for decisions.
#[derive(Clone, Debug)]
struct Rules {
    /// `None` if anything counts as requested.
    requested: Option<Listed>,
    allowed: Listed,
    denied: Listed,
    revoked: Listed,
}

/// The requests of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requested {
    /// The declared requests.
    These(Requests),
    /// The component has no list of requests, not even an empty one, and may use whatever it
    /// imports the interfaces for.
    Anything,
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
    Denied(Reason),
}

/// The reason an operation is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
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
    Blocked {
        /// The address.
        address: IpAddr,
    },
    /// The file is special, or is on a file system that does not hold ordinary files, and no grant
    /// names that.
    SpecialFile {
        /// The special properties of the file.
        special: Special,
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
    LeadsElsewhere {
        /// The way in which it does so.
        problem: String,
    },
    /// The target of the operation is not canonical: it could be read in more than one way.
    Malformed {
        /// The problem with the target.
        problem: String,
    },
}

impl Requested {
    /// Iterates over the requested rules; empty if the component has no list of requests.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let requests = match self {
            Self::These(requests) => Some(requests),
            Self::Anything => None,
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
        Self::of(Requested::These(requests), grants)
    }

    /// Creates a policy from requests and grants, also for a component without a list of requests.
    #[must_use]
    pub fn of(requested: Requested, grants: Grants) -> Self {
        let rules = Rules::of(&requested, &grants);
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
    pub fn requested(&self) -> &Requested {
        &self.requested
    }

    /// Returns a policy with the same requests and different grants.
    #[must_use]
    pub fn with_grants(&self, grants: Grants) -> Self {
        Self::of(self.requested.clone(), grants)
    }

    /// Decides about an operation at a time in seconds since 1970. Custom rules allow exactly their
    /// words; see [`decide_custom`](Self::decide_custom).
    pub fn decide(&self, operation: &Operation, now: u64) -> Decision {
        self.decide_sought(&Sought::new(operation), now)
    }

    /// Decides about an operation of an embedder's kind. `allows` returns `true` if a rule with
    /// these words applies to the operation.
    pub fn decide_custom(
        &self,
        operation: &Operation,
        allows: &dyn Fn(&str) -> bool,
        now: u64,
    ) -> Decision {
        self.decide_sought(&Sought::by_provider(operation, allows), now)
    }

    /// Returns the special-file options of all grants that apply to a file operation, sorted and
    /// without duplicates. Two paths with the same options allow the same special files.
    #[must_use]
    pub fn specials_given(&self, operation: &Operation) -> Vec<String> {
        let (sought, marks) = (Sought::new(operation), Marks::of(operation));
        let speaking = self.rules.allowed.near(&marks, Reading::Grant);
        let speaking = speaking.filter(|rule| sought.fit(rule, Reading::Grant) != Fit::No);
        let mut given: Vec<String> = speaking
            .map(|rule| rule.options.special.to_string())
            .collect();
        given.sort_unstable();
        given.dedup();
        given
    }

    fn decide_sought(&self, sought: &Sought<'_>, now: u64) -> Decision {
        if let Some(problem) = sought.operation.ambiguity() {
            return Decision::Denied(Reason::Malformed {
                problem: problem.into(),
            });
        }
        let marks = Marks::of(sought.operation);
        let denying = |rules: &Listed| {
            fitting(rules, sought, &marks, Reading::Deny).map(|rule| Rule::clone(rule))
        };
        if let Some(rule) = denying(&self.rules.denied) {
            return Decision::Denied(Reason::Denied { rule });
        }
        if let Some(rule) = denying(&self.rules.revoked) {
            return Decision::Denied(Reason::Revoked { rule });
        }
        if let Some(rule) = given_to_all(sought.operation) {
            return Decision::Allowed {
                rule: Arc::new(rule),
                until: None,
            };
        }
        let requested = self.rules.requested.as_ref();
        if requested.is_some_and(|rules| fitting(rules, sought, &marks, Reading::Request).is_none())
        {
            return Decision::Denied(Reason::NotRequested);
        }
        self.grant(sought, &marks, now)
    }

    fn grant(&self, sought: &Sought<'_>, marks: &Marks, now: u64) -> Decision {
        let mut reason = Reason::NotGranted;
        for rule in self.rules.allowed.near(marks, Reading::Grant) {
            match sought.fit(rule, Reading::Grant) {
                Fit::Yes if let Some(taken) = self.grants.taken(rule) => reason = taken,
                Fit::Yes if rule.options.until.is_some_and(|until| until <= now) => {
                    reason = Reason::Expired {
                        rule: Rule::clone(rule),
                    };
                }
                Fit::Yes => {
                    return Decision::Allowed {
                        rule: Arc::clone(rule),
                        until: rule.options.until,
                    };
                }
                Fit::Blocked(address) if reason == Reason::NotGranted => {
                    reason = Reason::Blocked { address }
                }
                Fit::Special if reason == Reason::NotGranted => {
                    if let Operation::SpecialFile { special, .. } = sought.operation {
                        reason = Reason::SpecialFile {
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

impl Rules {
    fn of(requested: &Requested, grants: &Grants) -> Self {
        let requested = match requested {
            Requested::Anything => None,
            Requested::These(requests) => Some(requests.iter().map(|(rule, _)| rule).collect()),
        };
        Self {
            requested,
            allowed: Listed::of(&grants.allowed),
            denied: Listed::of(&grants.denied),
            revoked: Listed::of(&grants.revoked),
        }
    }
}

/// Returns the first rule that applies.
fn fitting<'a>(
    rules: &'a Listed,
    sought: &Sought<'_>,
    marks: &'a Marks,
    reading: Reading,
) -> Option<&'a Arc<Rule>> {
    rules
        .near(marks, reading)
        .find(|rule| sought.fit(rule, reading) == Fit::Yes)
}

fn given_to_all(operation: &Operation) -> Option<Rule> {
    match operation {
        Operation::Named { kind, .. } if kind.is_given_to_all() => operation.least_rule(),
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

impl Reason {
    /// A short text for the reason, the same for every operation: `not granted`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotRequested => "not requested",
            Self::NotGranted => "not granted",
            Self::Denied { .. } => "denied by rule",
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::Blocked { .. } => "blocked address",
            Self::SpecialFile { .. } => "special file",
            Self::OverQuota { .. } => "over quota",
            Self::OverBudget { .. } => "over budget",
            Self::LeadsElsewhere { .. } => "leads elsewhere",
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
        let policy = Policy::of(Requested::Anything, grants.parse().expect(grants));
        match policy.decide(operation, 0) {
            Decision::Allowed { .. } => None,
            Decision::Denied(reason) => Some(reason.word()),
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
    fn what_has_two_readings_is_malformed() {
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
            kind: crate::Kind::Clock,
            name: "wall".into(),
        };
        let policy = Policy::new(Requests::default(), Grants::new());
        assert!(policy.decide(&clock, 0).is_allowed());
        assert_eq!(reason("deny clock wall", &clock), Some("denied by rule"));
    }

    #[test]
    fn what_comes_with_a_grant_goes_with_it() {
        let look = Operation::File {
            access: FileAccess::Look,
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
        assert_eq!(reason("dns db\ntcp db:1\ndeny tcp db:*", &lookup), None);
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
