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
pub struct Lifting {
    /// Revocations that the grants lift.
    pub lifted: Vec<Lifted>,
    /// Revocations that stay in force under the grants.
    pub kept: Vec<Rule>,
}

/// A revocation, and a grant that lifts it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifted {
    /// The rule that was revoked.
    pub revoked: Rule,
    /// A grant that allows part of the revoked rule.
    pub by: Rule,
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
    /// let lifting = |grant: &str| Ok::<_, airssys_wasm_core::CapabilityError>(
    ///     Grants::new().allow(grant)?.lifting([&revoked]),
    /// );
    /// assert!(lifting("http https://**")?.needing_consent().next().is_some());
    /// assert!(lifting("http https://api.example.com/v1")?.needing_consent().next().is_none());
    /// assert_eq!(lifting("http https://other.example.com")?.kept, [revoked.clone()]);
    /// # Ok::<(), airssys_wasm_core::CapabilityError>(())
    /// ```
    #[must_use]
    pub fn lifting<'a>(&self, revoked: impl IntoIterator<Item = &'a Rule>) -> Lifting {
        let mut lifting = Lifting::default();
        for rule in revoked {
            match self.lifted(rule) {
                Some(lifted) => lifting.lifted.push(lifted),
                None => lifting.kept.push(rule.clone()),
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

    fn lifted(&self, revoked: &Rule) -> Option<Lifted> {
        if self
            .denied
            .iter()
            .chain(&self.revoked)
            .any(|taking| taking.takes(revoked))
        {
            return None;
        }
        let gives = |grant: &&Rule| revoked.takes(grant) || revoked.overlaps(grant);
        let is_wider = |grant: &&Rule| grant.may_meet(revoked) && !revoked.takes(grant);
        let is_named = self
            .allowed
            .iter()
            .any(|grant| grant.scope == revoked.scope);
        let wider = self.allowed.iter().filter(is_wider);
        let mut giving = self.allowed.iter().filter(gives);
        let first = giving.clone().next()?;
        // Report a grant that reaches beyond the revocation, if one does.
        let by = giving
            .find(|grant| !revoked.takes(grant))
            .unwrap_or(first)
            .clone();
        let needs_consent = !is_named && wider.count() > 0;
        Some(Lifted {
            revoked: revoked.clone(),
            by,
            needs_consent,
        })
    }
}

impl Lifting {
    /// Revocations that the grants lift without naming them.
    pub fn needing_consent(&self) -> impl Iterator<Item = &Lifted> {
        self.lifted.iter().filter(|lifted| lifted.needs_consent)
    }
}

#[cfg(all(test, feature = "url"))]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;
    use crate::policy::{
        Decision, FileAccess, HttpTarget, Operation, Policy, Reason, Requested, SocketAccess,
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
                kind: crate::Kind::Config,
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
        let policy = Policy::of(
            Requested::Anything,
            Grants::new().with_revoked([revoked.clone()]),
        );
        matches!(
            policy.decide(operation, 0),
            Decision::Denied(Reason::Revoked { .. })
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Under grants that need no consent, a revocation stays in force unless a grant lies
        /// within it.
        #[test]
        fn nothing_revoked_comes_back_unless_it_is_named(
            allowed in some_rules(),
            revoked in some_rules(),
            operation in select(operations()),
        ) {
            let given = allowed.iter().cloned().fold(Grants::new(), Grants::with);
            let lifting = given.lifting(&revoked);
            prop_assert_eq!(lifting.lifted.len() + lifting.kept.len(), revoked.len());
            let consented = lifting.needing_consent().next().is_none();
            let policy = Policy::of(Requested::Anything, given.with_revoked(lifting.kept.clone()));
            if consented && policy.decide(&operation, 0).is_allowed() {
                for rule in revoked.iter().filter(|rule| stops(rule, &operation)) {
                    prop_assert!(allowed.iter().any(|grant| rule.takes(grant)), "{} {:?}", rule, operation);
                }
            }
        }

        /// A revocation that stays in force denies the same operations under any grants.
        #[test]
        fn what_is_kept_is_in_force(
            allowed in some_rules(),
            revoked in some_rules(),
            operation in select(operations()),
        ) {
            let given = allowed.into_iter().fold(Grants::new(), Grants::with);
            let kept = given.lifting(&revoked).kept;
            let policy = Policy::of(Requested::Anything, given.with_revoked(kept.clone()));
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
                .fold(Grants::new(), |grants, text| grants.with(rule(text)));
            let lifting = given.lifting([&rule(revoked)]);
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
    fn a_deny_keeps_what_was_revoked_taken() {
        let given: Grants = "file-read /\ndeny file-read /data".parse().expect("grants");
        let revoked = rule("file-read /data/a");
        assert_eq!(
            given.lifting([&revoked]),
            Lifting {
                lifted: Vec::new(),
                kept: vec![revoked]
            }
        );
    }
}
