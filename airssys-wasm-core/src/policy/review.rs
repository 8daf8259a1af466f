//! Comparison of requests with grants before deployment, and of two sets of requests.
//!
//! Tests: in this file.

use std::collections::BTreeSet;
use std::fmt;

use super::covering::{Comparisons, Covering};
use super::{Grants, Requested, Shortfall};
use crate::{Need, Requests, Rule};

/// The comparison of a component's requests with its grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    /// Every request, in canonical order.
    pub requests: Vec<(Rule, Need, Granted)>,
    /// Grants that the component never requested.
    pub unrequested: Vec<Rule>,
    shortfall: Shortfall,
}

/// The extent to which a request is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// All of it, although a deny may exclude parts.
    Whole,
    /// Part of it.
    InPart,
    /// Nothing of it.
    NotAtAll,
    /// The grant was revoked, or a deny excludes all of it.
    TakenAway,
}

/// A difference between two sets of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Present only in the new set.
    Added(Rule, Need),
    /// Present only in the old set.
    Removed(Rule),
}

impl Review {
    /// Compares requests with grants at a time in seconds since 1970.
    ///
    /// If the sets are too large to compare, everything counts as not granted.
    #[must_use]
    pub fn of(requested: &Requested, grants: &Grants, now: u64) -> Self {
        let Requested::These(requests) = requested else {
            return Self::default();
        };
        let left = Comparisons::new();
        let sides = Sides::of(requests, grants, now, &left);
        let granted = sides.granted();
        let unrequested = sides.unrequested();
        let of = |(index, (rule, need)): (usize, (&Rule, &Need))| {
            let granted = if left.sufficed() {
                granted[index]
            } else {
                Granted::NotAtAll
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
    pub fn lacking(&self) -> impl Iterator<Item = (&Rule, Granted)> {
        self.requests
            .iter()
            .filter(|(rule, need, granted)| {
                *need == Need::Required && *granted != Granted::Whole && !is_given_to_all(rule)
            })
            .map(|(rule, _, granted)| (rule, *granted))
    }

    /// Returns `true` if the component may run with these grants.
    #[must_use]
    pub fn suffices(&self) -> bool {
        self.shortfall == Shortfall::RunWithLess || self.lacking().next().is_none()
    }
}

fn is_given_to_all(rule: &Rule) -> bool {
    rule.known_kind().is_some_and(crate::Kind::is_given_to_all)
}

/// Requests and grants, indexed by their anchors.
struct Sides<'a> {
    requests: Covering<'a>,
    allowed: Covering<'a>,
    taking: Covering<'a>,
    grants: &'a Grants,
    now: u64,
    requests_count: usize,
}

impl<'a> Sides<'a> {
    fn of(requests: &'a Requests, grants: &'a Grants, now: u64, left: &'a Comparisons) -> Self {
        Self {
            requests: Covering::of(requests.iter().map(|(rule, _)| rule), left),
            allowed: Covering::of(grants.allowed(), left),
            taking: Covering::of(grants.denied.iter().chain(&grants.revoked), left),
            grants,
            now,
            requests_count: requests.len(),
        }
    }

    /// Returns the result for each request, in order.
    fn granted(&self) -> Vec<Granted> {
        let mut granted = vec![Granted::NotAtAll; self.requests_count];
        let in_force = self
            .grants
            .allowed()
            .filter(|grant| self.is_in_force(grant));
        for grant in in_force {
            self.requested_around(grant)
                .for_each(|index| granted[index] = Granted::InPart);
        }
        for (index, granted) in granted.iter_mut().enumerate() {
            let rule = self.requests.rule(index);
            let gives = |grant: &Rule| self.is_in_force(grant) && grant.scope.covers(&rule.scope);
            if self
                .allowed
                .any(rule, |grant| gives(grant) && grant.satisfies(rule))
            {
                *granted = Granted::Whole;
            } else if self.allowed.any(rule, gives) {
                *granted = Granted::InPart;
            }
            if self.taking.any(rule, |deny| deny.takes(rule)) {
                *granted = Granted::TakenAway;
            }
        }
        for revoked in &self.grants.revoked {
            self.requested_around(revoked)
                .for_each(|index| granted[index] = Granted::TakenAway);
        }
        granted
    }

    /// Returns the grants that have nothing in common with any request.
    fn unrequested(&self) -> Vec<Rule> {
        let mut used: BTreeSet<usize> = BTreeSet::new();
        for index in 0..self.requests_count {
            let rule = self.requests.rule(index);
            let around = self.allowed.near(rule);
            used.extend(around.filter(|index| self.allowed.rule(*index).scope.covers(&rule.scope)));
        }
        self.grants
            .allowed()
            .enumerate()
            .filter(|(index, grant)| {
                !used.contains(index)
                    && self.requested_around(grant).next().is_none()
                    && !is_given_to_all(grant)
            })
            .map(|(_, grant)| grant.clone())
            .collect()
    }

    /// Returns the indices of the requests that cover a grant.
    fn requested_around<'b>(&'b self, grant: &'b Rule) -> impl Iterator<Item = usize> + 'b {
        self.requests
            .near(grant)
            .filter(|index| self.requests.rule(*index).scope.covers(&grant.scope))
    }

    fn is_in_force(&self, grant: &Rule) -> bool {
        grant.options.until.is_none_or(|until| until > self.now)
    }
}

/// Returns the requests that `new` adds to `old`, and those it removes. A request covered by
/// another one is not a difference. If the sets are too large to compare, everything is a
/// difference.
///
/// ```
/// use airssys_wasm_core::policy::{Change, difference};
/// use airssys_wasm_core::{Capability, Requests};
///
/// let old = Requests::new([Capability::FileRead("/data".into())])?;
/// let new = Requests::new([Capability::FileRead("/data/a".into()), Capability::Env("LANG".into())])?;
/// let changes: Vec<String> = difference(&old, &new).iter().map(ToString::to_string).collect();
/// assert_eq!(changes, ["+ env LANG", "- file-read /data"]);
/// # Ok::<(), airssys_wasm_core::CapabilityError>(())
/// ```
#[must_use]
pub fn difference(old: &Requests, new: &Requests) -> Vec<Change> {
    let left = Comparisons::new();
    let (olds, news) = (
        Covering::of(rules(old), &left),
        Covering::of(rules(new), &left),
    );
    let within = |rule: &Rule, set: &Requests, covering: &Covering<'_>| {
        set.has(rule) || covering.any(rule, |known| known.covers(rule))
    };
    let added = new.iter().filter(|(rule, _)| !within(rule, old, &olds));
    let removed = old.iter().filter(|(rule, _)| !within(rule, new, &news));
    let added = added.map(|(rule, need)| Change::Added(rule.clone(), need.clone()));
    added
        .chain(removed.map(|(rule, _)| Change::Removed(rule.clone())))
        .collect()
}

fn rules(requests: &Requests) -> impl Iterator<Item = &Rule> {
    requests.iter().map(|(rule, _)| rule)
}

impl fmt::Display for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "granted",
            Self::InPart => "granted in part",
            Self::NotAtAll => "not granted",
            Self::TakenAway => "taken away",
        })
    }
}

impl fmt::Display for Change {
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

impl fmt::Display for Review {
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

    fn review(lines: &str, grants: &str) -> Review {
        Review::of(
            &Requested::These(requests(lines)),
            &grants.parse().expect("grants"),
            1_000,
        )
    }

    #[test]
    fn says_of_each_request_what_became_of_it() {
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
                ("file-read /data".to_owned(), Granted::InPart),
                ("file-write /cache max=64MiB".to_owned(), Granted::InPart),
                ("dns a.b".to_owned(), Granted::NotAtAll),
                ("tcp db:1".to_owned(), Granted::TakenAway),
                ("env LANG".to_owned(), Granted::Whole),
            ]
        );
        assert_eq!(review.unrequested.len(), 1);
        assert_eq!(review.lacking().count(), 3);
        assert!(!review.suffices());
    }

    #[test]
    fn what_has_expired_is_not_granted() {
        let at = |until: &str| review("dns a.b\n", &format!("dns a.b until={until}")).suffices();
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
        assert_eq!(said, [Granted::Whole, Granted::TakenAway]);
    }

    #[test]
    fn asking_for_more_room_is_a_change() {
        let change = |old, new| difference(&requests(old), &requests(new)).len();
        assert_eq!(change("file-write /c max=1MiB\n", "file-write /c\n"), 1);
        assert_eq!(
            change("file-write /c max=1MiB\n", "file-write /c max=2MiB\n"),
            1
        );
        assert_eq!(change("file-write /c mode=append\n", "file-write /c\n"), 1);
    }

    #[test]
    fn running_with_less_has_to_be_said() {
        let grants = Grants::new().shortfall(Shortfall::RunWithLess);
        assert!(Review::of(&Requested::These(requests("dns a.b\n")), &grants, 0).suffices());
    }
}
