//! Comparison of requests with grants before deployment, and of two sets of requests.
//!
//! Tests: in this file.

use std::collections::BTreeSet;
use std::fmt;

use super::covering::{ComparisonBudget, CoverIndex};
use super::{Grants, RequestedCapabilities, Shortfall};
use crate::{Need, Requests, Rule};

/// The comparison of a component's requests with its grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantReview {
    /// Every request, in canonical order.
    pub requests: Vec<(Rule, Need, GrantStatus)>,
    /// Grants that the component never requested.
    pub unrequested: Vec<Rule>,
    shortfall: Shortfall,
}

/// The extent to which a request is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantStatus {
    /// All of it, although a deny may exclude parts.
    Full,
    /// Part of it.
    Partial,
    /// Nothing of it.
    Missing,
    /// The grant was revoked, or a deny excludes all of it.
    Withdrawn,
}

/// A difference between two sets of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestChange {
    /// Present only in the new set.
    Added(Rule, Need),
    /// Present only in the old set.
    Removed(Rule),
}

impl GrantReview {
    /// Compares requests with grants at a time in seconds since 1970.
    ///
    /// If the sets are too large to compare, everything counts as not granted.
    #[must_use]
    pub fn new(requested: &RequestedCapabilities, grants: &Grants, now: u64) -> Self {
        let RequestedCapabilities::Listed(requests) = requested else {
            return Self::default();
        };
        let left = ComparisonBudget::new();
        let sides = ReviewIndex::new(requests, grants, now, &left);
        let granted = sides.statuses();
        let unrequested = sides.unrequested();
        let of = |(index, (rule, need)): (usize, (&Rule, &Need))| {
            let granted = if left.has_remaining() {
                granted[index]
            } else {
                GrantStatus::Missing
            };
            (rule.clone(), need.clone(), granted)
        };
        Self {
            requests: requests.iter().enumerate().map(of).collect(),
            unrequested,
            shortfall: grants.shortfall,
        }
    }

    /// Iterates over the required requests that are not fully granted.
    pub fn unmet(&self) -> impl Iterator<Item = (&Rule, GrantStatus)> {
        self.requests
            .iter()
            .filter(|(rule, need, granted)| {
                *need == Need::Required && *granted != GrantStatus::Full && !is_baseline(rule)
            })
            .map(|(rule, _, granted)| (rule, *granted))
    }

    /// Returns `true` if the component may run with these grants.
    #[must_use]
    pub fn is_sufficient(&self) -> bool {
        self.shortfall == Shortfall::RunWithLess || self.unmet().next().is_none()
    }
}

fn is_baseline(rule: &Rule) -> bool {
    rule.known_kind()
        .is_some_and(crate::CapabilityKind::is_baseline)
}

/// Requests and grants, indexed by their anchors.
struct ReviewIndex<'a> {
    requests: CoverIndex<'a>,
    allowed: CoverIndex<'a>,
    denying: CoverIndex<'a>,
    grants: &'a Grants,
    now: u64,
    requests_count: usize,
}

impl<'a> ReviewIndex<'a> {
    fn new(
        requests: &'a Requests,
        grants: &'a Grants,
        now: u64,
        left: &'a ComparisonBudget,
    ) -> Self {
        Self {
            requests: CoverIndex::new(requests.iter().map(|(rule, _)| rule), left),
            allowed: CoverIndex::new(grants.allowed(), left),
            denying: CoverIndex::new(grants.denied.iter().chain(&grants.revoked), left),
            grants,
            now,
            requests_count: requests.len(),
        }
    }

    /// Returns the result for each request, in order.
    fn statuses(&self) -> Vec<GrantStatus> {
        let mut granted = vec![GrantStatus::Missing; self.requests_count];
        let in_force = self
            .grants
            .allowed()
            .filter(|grant| self.is_in_force(grant));
        for grant in in_force {
            self.covering_requests(grant)
                .for_each(|index| granted[index] = GrantStatus::Partial);
        }
        for (index, granted) in granted.iter_mut().enumerate() {
            let rule = self.requests.rule(index);
            let gives = |grant: &Rule| self.is_in_force(grant) && grant.scope.covers(&rule.scope);
            if self
                .allowed
                .any_covers(rule, |grant| gives(grant) && grant.satisfies(rule))
            {
                *granted = GrantStatus::Full;
            } else if self.allowed.any_covers(rule, gives) {
                *granted = GrantStatus::Partial;
            }
            if self
                .denying
                .any_covers(rule, |deny| deny.covers_as_deny(rule))
            {
                *granted = GrantStatus::Withdrawn;
            }
        }
        for revoked in &self.grants.revoked {
            self.covering_requests(revoked)
                .for_each(|index| granted[index] = GrantStatus::Withdrawn);
        }
        granted
    }

    /// Returns the grants that have nothing in common with any request.
    fn unrequested(&self) -> Vec<Rule> {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        for index in 0..self.requests_count {
            let rule = self.requests.rule(index);
            let around = self.allowed.candidates(rule);
            used.extend(around.filter(|index| self.allowed.rule(*index).scope.covers(&rule.scope)));
        }
        self.grants
            .allowed()
            .enumerate()
            .filter(|(index, grant)| {
                !used.contains(index)
                    && self.covering_requests(grant).next().is_none()
                    && !is_baseline(grant)
            })
            .map(|(_, grant)| grant.clone())
            .collect()
    }

    /// Returns the indices of the requests that cover a grant.
    fn covering_requests<'b>(&'b self, grant: &'b Rule) -> impl Iterator<Item = usize> + 'b {
        self.requests
            .candidates(grant)
            .filter(|index| self.requests.rule(*index).scope.covers(&grant.scope))
    }

    fn is_in_force(&self, grant: &Rule) -> bool {
        grant
            .options
            .expires_at
            .is_none_or(|until| until > self.now)
    }
}

/// Returns the requests that `new` adds to `old`, and those it removes. A request covered by
/// another one is not a difference. If the sets are too large to compare, everything is a
/// difference.
///
/// ```
/// use airssys_wasm_core::policy::request_changes;
/// use airssys_wasm_core::{Capability, Requests};
///
/// let old = Requests::new([Capability::FileRead("/data".into())])?;
/// let new = Requests::new([Capability::FileRead("/data/a".into()), Capability::Env("LANG".into())])?;
/// let changes: Vec<String> = request_changes(&old, &new).iter().map(ToString::to_string).collect();
/// assert_eq!(changes, ["+ env LANG", "- file-read /data"]);
/// # Ok::<(), airssys_wasm_core::CapabilityError>(())
/// ```
#[must_use]
pub fn request_changes(old: &Requests, new: &Requests) -> Vec<RequestChange> {
    let left = ComparisonBudget::new();
    let (olds, news) = (
        CoverIndex::new(rules(old), &left),
        CoverIndex::new(rules(new), &left),
    );
    let within = |rule: &Rule, set: &Requests, covering: &CoverIndex<'_>| {
        set.contains(rule) || covering.any_covers(rule, |known| known.covers(rule))
    };
    let added = new.iter().filter(|(rule, _)| !within(rule, old, &olds));
    let removed = old.iter().filter(|(rule, _)| !within(rule, new, &news));
    let added = added.map(|(rule, need)| RequestChange::Added(rule.clone(), need.clone()));
    added
        .chain(removed.map(|(rule, _)| RequestChange::Removed(rule.clone())))
        .collect()
}

fn rules(requests: &Requests) -> impl Iterator<Item = &Rule> {
    requests.iter().map(|(rule, _)| rule)
}

impl fmt::Display for GrantStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "granted",
            Self::Partial => "granted in part",
            Self::Missing => "not granted",
            Self::Withdrawn => "taken away",
        })
    }
}

impl fmt::Display for RequestChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(rule, Need::Required) => write!(f, "+ {rule}"),
            Self::Added(rule, Need::Optional { reason }) => {
                write!(f, "+ {rule} (optional: {reason})")
            }
            Self::Removed(rule) => write!(f, "- {rule}"),
        }
    }
}

impl fmt::Display for GrantReview {
    /// Writes each request with its result, one per line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rule, need, granted) in &self.requests {
            match need {
                Need::Required => writeln!(f, "{rule}: {granted}")?,
                Need::Optional { reason } => writeln!(f, "{rule} (optional: {reason}): {granted}")?,
            }
        }
        self.unrequested
            .iter()
            .try_for_each(|rule| writeln!(f, "{rule}: granted, but never requested"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(lines: &str) -> Requests {
        Requests::from_section(format!("airssys:capabilities 1\n{lines}").as_bytes())
            .expect("requests")
    }

    fn review(lines: &str, grants: &str) -> GrantReview {
        GrantReview::new(
            &RequestedCapabilities::Listed(requests(lines)),
            &grants.parse().expect("grants"),
            1_000,
        )
    }

    #[test]
    fn reports_a_status_for_each_request() {
        let review = review(
            "file-read /data\nenv LANG\nfile-write /cache max=64MiB\noptional \"why\" dns a.b\ntcp db:1\n",
            "file-read /data/a\nenv LANG value=C\nfile-write /cache max=1MiB\nhttp https://x.y\ntcp db:1\ndeny tcp db:*",
        );
        let said: Vec<_> = review
            .requests
            .iter()
            .map(|(rule, _, granted)| (rule.to_string(), *granted))
            .collect();
        assert_eq!(
            said,
            [
                ("file-read /data".to_owned(), GrantStatus::Partial),
                (
                    "file-write /cache max=64MiB".to_owned(),
                    GrantStatus::Partial
                ),
                ("dns a.b".to_owned(), GrantStatus::Missing),
                ("tcp db:1".to_owned(), GrantStatus::Withdrawn),
                ("env LANG".to_owned(), GrantStatus::Full),
            ]
        );
        assert_eq!(review.unrequested.len(), 1);
        assert_eq!(review.unmet().count(), 3);
        assert!(!review.is_sufficient());
    }

    #[test]
    fn expired_grants_do_not_count() {
        let at =
            |until: &str| review("dns a.b\n", &format!("dns a.b until={until}")).is_sufficient();
        assert!(at("1970-01-01T00:16:41Z") && !at("1970-01-01T00:16:40Z"));
    }

    #[test]
    fn a_deny_of_connecting_leaves_a_lookup_that_is_granted() {
        let review = review(
            "dns db\nudp 10.0.0.1:53\n",
            "dns db\nudp 10.0.0.1:53\ndeny tcp db:*\ndeny udp **:*",
        );
        let said: Vec<_> = review
            .requests
            .iter()
            .map(|(_, _, granted)| *granted)
            .collect();
        assert_eq!(said, [GrantStatus::Full, GrantStatus::Withdrawn]);
    }

    #[test]
    fn a_larger_quota_is_a_change() {
        let change = |old, new| request_changes(&requests(old), &requests(new)).len();
        assert_eq!(change("file-write /c max=1MiB\n", "file-write /c\n"), 1);
        assert_eq!(
            change("file-write /c max=1MiB\n", "file-write /c max=2MiB\n"),
            1
        );
        assert_eq!(change("file-write /c mode=append\n", "file-write /c\n"), 1);
    }

    #[test]
    fn run_with_less_must_be_enabled() {
        let grants = Grants::new().with_shortfall(Shortfall::RunWithLess);
        assert!(
            GrantReview::new(
                &RequestedCapabilities::Listed(requests("dns a.b\n")),
                &grants,
                0
            )
            .is_sufficient()
        );
    }
}
