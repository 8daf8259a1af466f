//! Revocations that new grants lift, and those that need the operator's consent.
//!
//! A revocation stays in force unless new grants allow part of what it denies. Grants for exactly
//! the revoked rule or less lift it implicitly. Wider grants need consent: an operator who writes
//! `http https://**` may not know of revocations within it.
//! Tests: in this file, `tests/suite/capabilities/lifting.rs`.

use super::Grants;
use crate::Rule;

/// The effect of new grants on earlier revocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationReview {
    /// Revocations that the grants lift.
    pub lifted: Vec<LiftedRevocation>,
    /// Revocations that stay in force under the grants.
    pub in_force: Vec<Rule>,
}

/// A revocation, and a grant that lifts it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiftedRevocation {
    /// The rule that was revoked.
    pub revoked: Rule,
    /// A grant that allows part of the revoked rule.
    pub grant: Rule,
    /// `true` if lifting needs consent: the grants reach beyond the revoked rule and do not name
    /// it.
    pub needs_consent: bool,
}

impl Grants {
    /// Decides which of `revoked` these grants lift.
    ///
    /// A revocation is lifted if a grant allows part of it, and no deny or revocation among these
    /// grants covers it. If it is uncertain whether a grant allows part of it, it stays in force.
    ///
    /// ```
    /// use airssys_wasm_core::Rule;
    /// use airssys_wasm_core::policy::Grants;
    ///
    /// let revoked: Rule = "http https://api.example.com/v1".parse()?;
    /// let review = |grant: &str| Ok::<_, airssys_wasm_core::CapabilityError>(
    ///     Grants::new().allow(grant)?.review_revocations([&revoked]),
    /// );
    /// assert!(review("http https://**")?.requiring_consent().next().is_some());
    /// assert!(review("http https://api.example.com/v1")?.requiring_consent().next().is_none());
    /// assert_eq!(review("http https://other.example.com")?.in_force, [revoked.clone()]);
    /// # Ok::<(), airssys_wasm_core::CapabilityError>(())
    /// ```
    #[must_use]
    pub fn review_revocations<'a>(
        &self,
        revoked: impl IntoIterator<Item = &'a Rule>,
    ) -> RevocationReview {
        let mut lifting = RevocationReview::default();
        for rule in revoked {
            match self.lift_revocation(rule) {
                Some(lifted) => lifting.lifted.push(lifted),
                None => lifting.in_force.push(rule.clone()),
            }
        }
        lifting
    }

    /// Adds revocations.
    #[must_use]
    pub fn with_revoked(mut self, revoked: impl IntoIterator<Item = Rule>) -> Self {
        self.revoked
            .extend(revoked.into_iter().map(|rule| rule.without_options()));
        self
    }

    fn lift_revocation(&self, revoked: &Rule) -> Option<LiftedRevocation> {
        if self
            .denied
            .iter()
            .chain(&self.revoked)
            .any(|taking| taking.covers_as_deny(revoked))
        {
            return None;
        }
        let gives = |grant: &&Rule| revoked.covers_as_deny(grant) || revoked.overlaps(grant);
        let is_wider =
            |grant: &&Rule| grant.may_intersect(revoked) && !revoked.covers_as_deny(grant);
        let is_named = self
            .allowed
            .iter()
            .any(|grant| grant.scope == revoked.scope);
        let wider = self.allowed.iter().filter(is_wider);
        let mut giving = self.allowed.iter().filter(gives);
        let first = giving.clone().next()?;
        // Report a grant that reaches beyond the revocation, if one does.
        let by = giving
            .find(|grant| !revoked.covers_as_deny(grant))
            .unwrap_or(first)
            .clone();
        let needs_consent = !is_named && wider.count() > 0;
        Some(LiftedRevocation {
            revoked: revoked.clone(),
            grant: by,
            needs_consent,
        })
    }
}

impl RevocationReview {
    /// Revocations that the grants lift without naming them.
    pub fn requiring_consent(&self) -> impl Iterator<Item = &LiftedRevocation> {
        self.lifted.iter().filter(|lifted| lifted.needs_consent)
    }
}

#[cfg(all(test, feature = "url"))]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;
    use crate::policy::{
        Decision, DenialReason, FileAccess, HttpTarget, Operation, Policy, RequestedCapabilities,
        SocketAccess,
    };

    const RULES: [&str; 22] = [
        "file-read /",
        "file-read /data",
        "file-read /data/a",
        "file-read /d*",
        "file-read /**/a",
        "file-write /data",
        "file-write /data mode=append",
        "http https://**",
        "http https://api.example.com",
        "http https://api.example.com/v1",
        "http https://api.example.com/v1/**",
        "http GET https://*.example.com/v*",
        "network-outbound **",
        "network-outbound api.example.com",
        "tcp **:*",
        "tcp api.example.com:443",
        "tcp 10.0.0.0/8:*",
        "tcp 10.0.0.1:80",
        "dns **",
        "dns api.example.com",
        "config *",
        "config a",
    ];

    fn operations() -> Vec<Operation> {
        let file = |access, path: &str| Operation::File {
            access,
            path: path.into(),
        };
        let http = |method: &str, url: &str| Operation::Http {
            target: HttpTarget::parse(method, url).expect(url),
            addresses: Vec::new(),
        };
        let tcp = |address: [u8; 4], port: u16, names: &[&str]| Operation::Socket {
            access: SocketAccess::TcpConnect,
            address: (address, port).into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        vec![
            file(FileAccess::Read, "/data"),
            file(FileAccess::Read, "/data/a"),
            file(FileAccess::Read, "/data/b/a"),
            file(FileAccess::Write, "/data/a"),
            file(FileAccess::Append, "/data/a"),
            http("GET", "https://api.example.com/v1"),
            http("POST", "https://api.example.com/v1/x"),
            http("GET", "https://other.example.com/v2"),
            tcp([10, 0, 0, 1], 80, &[]),
            tcp([93, 184, 216, 34], 443, &["api.example.com"]),
            Operation::Lookup {
                name: "api.example.com".into(),
            },
            Operation::Named {
                kind: crate::CapabilityKind::Config,
                name: "a".into(),
            },
        ]
    }

    fn rule(text: &str) -> Rule {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
        subsequence(RULES.to_vec(), 0..=5).prop_map(|texts| texts.into_iter().map(rule).collect())
    }

    /// Returns `true` if a revocation of `revoked` stops an otherwise granted operation.
    fn stops(revoked: &Rule, operation: &Operation) -> bool {
        let policy = Policy::with_requested(
            RequestedCapabilities::Unlisted,
            Grants::new().with_revoked([revoked.clone()]),
        );
        matches!(
            policy.decide(operation, 0),
            Decision::Denied(DenialReason::Revoked { .. })
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Under grants that need no consent, a revocation stays in force unless a grant lies
        /// within it.
        #[test]
        fn revocations_stay_in_force_unless_named(
            allowed in some_rules(),
            revoked in some_rules(),
            operation in select(operations()),
        ) {
            let given = allowed.iter().cloned().fold(Grants::new(), Grants::with_rule);
            let lifting = given.review_revocations(&revoked);
            prop_assert_eq!(lifting.lifted.len() + lifting.in_force.len(), revoked.len());
            let consented = lifting.requiring_consent().next().is_none();
            let policy = Policy::with_requested(RequestedCapabilities::Unlisted, given.with_revoked(lifting.in_force.clone()));
            if consented && policy.decide(&operation, 0).is_allowed() {
                for rule in revoked.iter().filter(|rule| stops(rule, &operation)) {
                    prop_assert!(allowed.iter().any(|grant| rule.covers_as_deny(grant)), "{} {:?}", rule, operation);
                }
            }
        }

        /// A revocation that stays in force denies the same operations under any grants.
        #[test]
        fn remaining_revocations_are_enforced(
            allowed in some_rules(),
            revoked in some_rules(),
            operation in select(operations()),
        ) {
            let given = allowed.into_iter().fold(Grants::new(), Grants::with_rule);
            let kept = given.review_revocations(&revoked).in_force;
            let policy = Policy::with_requested(RequestedCapabilities::Unlisted, given.with_revoked(kept.clone()));
            if kept.iter().any(|rule| stops(rule, &operation)) {
                prop_assert!(!policy.decide(&operation, 0).is_allowed());
            }
        }
    }

    #[test]
    fn wider_grants_need_consent_and_equal_ones_do_not() {
        let lifting = |grants: &[&str], revoked: &str| {
            let given = grants
                .iter()
                .fold(Grants::new(), |grants, text| grants.with_rule(rule(text)));
            let lifting = given.review_revocations([&rule(revoked)]);
            lifting.lifted.first().map(|lifted| lifted.needs_consent)
        };
        for (grants, revoked, expected) in [
            (
                &["http https://**"][..],
                "http https://api.example.com/v1",
                Some(true),
            ),
            (
                &["http https://api.example.com/v1"],
                "http https://api.example.com/v1",
                Some(false),
            ),
            (
                &["http https://api.example.com/v1/**"],
                "http https://api.example.com",
                Some(false),
            ),
            (
                &["http https://**", "http https://api.example.com/v1"],
                "http https://api.example.com/v1",
                Some(false),
            ),
            (
                &["file-read /data/a", "file-read /d*"],
                "file-read /data",
                Some(true),
            ),
            (&["config a value=1"], "config a", Some(false)),
            (&["config b value=1"], "config a", None),
            (
                &["http GET https://*.example.com/v*"],
                "http https://api.example.com/v1",
                None,
            ),
            (
                &["network-outbound **"],
                "http https://api.example.com/v1",
                Some(true),
            ),
            (&["tcp 10.0.0.0/8:*"], "tcp **:*", Some(false)),
            (&[], "config a", None),
        ] {
            assert_eq!(lifting(grants, revoked), expected, "{grants:?} {revoked}");
        }
    }

    #[test]
    fn a_deny_keeps_a_revocation_in_force() {
        let given: Grants = "file-read /\ndeny file-read /data".parse().expect("grants");
        let revoked = rule("file-read /data/a");
        assert_eq!(
            given.review_revocations([&revoked]),
            RevocationReview {
                lifted: Vec::new(),
                in_force: vec![revoked]
            }
        );
    }
}
