//! Adding a deny, removing a grant and narrowing a rule never allow more; order does not matter;
//! nothing is allowed that requests or grants alone would not allow.

use airssys_wasm_core::policy::{
    Grants, Operation, Policy, RequestedCapabilities, request_changes,
};
use airssys_wasm_core::{Need, Requests, Rule};
use proptest::prelude::*;

use crate::strategies::{
    PolicyCase, cases, cases_of, everything, grants, operations, rules, subjects,
};
use crate::{config, is_allowed};

/// A case and a rule of the same subject.
fn cases_and_rules() -> impl Strategy<Value = (PolicyCase, Rule)> {
    subjects().prop_flat_map(|subject| (cases_of(subject), rules(subject)))
}

/// Returns `true` if a policy with only this grant allows the operation.
fn is_allowed_by(rule: &Rule, operation: &Operation) -> bool {
    Policy::with_requested(
        RequestedCapabilities::Unlisted,
        Grants::new().with_rule(rule.clone()),
    )
    .decide(operation, 0)
    .is_allowed()
}

fn is_connection(rule: &Rule) -> bool {
    matches!(rule.kind(), "tcp" | "udp")
}

/// Returns `true` if `wide` grants a connection and `narrow` only the lookup that it implies. A
/// deny of the connection takes the implied lookup along, and leaves the one granted by itself.
fn implies_lookup(wide: &Rule, narrow: &Rule) -> bool {
    is_connection(wide) && narrow.kind() == "dns"
}

fn is_baseline(operation: &Operation) -> bool {
    Policy::with_requested(RequestedCapabilities::Unlisted, Grants::new())
        .decide(operation, 0)
        .is_allowed()
}

proptest! {
    #![proptest_config(config(4096))]

    #[test]
    fn an_additional_deny_never_allows_more((case, rule) in cases_and_rules()) {
        let before = is_allowed(&case);
        let mut denied = case.clone();
        denied.denied.push(rule.clone());
        let mut revoked = case.clone();
        revoked.revoked.push(rule);
        prop_assert!(before || !is_allowed(&denied), "{case:#?} denied {denied:#?}");
        prop_assert!(before || !is_allowed(&revoked), "{case:#?} revoked {revoked:#?}");
    }

    #[test]
    fn removing_a_grant_or_request_never_allows_more(case in cases(), n in 0_usize..4) {
        let before = is_allowed(&case);
        let mut less = case.clone();
        less.allowed.drain(..n.min(case.allowed.len()));
        prop_assert!(before || !is_allowed(&less), "{case:#?}");
        let mut less = case.clone();
        if let Some(requests) = &mut less.requests {
            requests.drain(..n.min(requests.len()));
        }
        prop_assert!(before || !is_allowed(&less), "{case:#?}");
    }

    #[test]
    fn a_narrower_grant_never_allows_more((case, rule) in cases_and_rules()) {
        let narrowed = case.allowed.iter().position(|wide| wide.covers(&rule));
        if let Some(n) = narrowed {
            let mut wide = case.clone();
            if implies_lookup(&case.allowed[n], &rule) {
                wide.denied.retain(|deny| !is_connection(deny));
                wide.revoked.retain(|deny| !is_connection(deny));
            }
            let mut narrow = wide.clone();
            narrow.allowed[n] = rule;
            prop_assert!(is_allowed(&wide) || !is_allowed(&narrow), "{wide:#?} {narrow:#?}");
        }
    }

    #[test]
    fn the_order_does_not_matter(case in cases()) {
        let mut other = case.clone();
        other.requests.iter_mut().for_each(|rules| rules.reverse());
        [&mut other.allowed, &mut other.denied].into_iter().for_each(|rules| rules.reverse());
        prop_assert_eq!(case.grants(), other.grants());
        let decide = |case: &PolicyCase| Policy::with_requested(case.requested(), case.grants()).decide(&case.operation, 0);
        prop_assert_eq!(decide(&case), decide(&other));
    }

    #[test]
    fn what_is_allowed_is_granted_and_requested(case in cases()) {
        if is_allowed(&case) && !is_baseline(&case.operation) {
            prop_assert!(case.allowed.iter().any(|rule| is_allowed_by(rule, &case.operation)), "{case:#?}");
            let granted = Policy::with_requested(RequestedCapabilities::Unlisted, case.grants());
            prop_assert!(granted.decide(&case.operation, 0).is_allowed(), "{case:#?}");
            let everything = grants(&everything(), &[], &[]);
            let asked = Policy::with_requested(case.requested(), everything);
            prop_assert!(asked.decide(&case.operation, 0).is_allowed(), "{case:#?}");
        }
    }

    #[test]
    fn revoked_rules_no_longer_allow((case, rule) in cases_and_rules()) {
        let mut taken = case.grants();
        taken.revoke(&rule);
        let policy = Policy::with_requested(case.requested(), taken);
        let only = grants(&[rule.without_options()], &[], &[]);
        let speaks = crate::matcher::allows(&RequestedCapabilities::Unlisted, &only, &case.operation);
        if speaks && !crate::matcher::is_implied_by_another_grant(&case.operation) && !is_baseline(&case.operation) {
            prop_assert!(!policy.decide(&case.operation, 0).is_allowed(), "{case:#?} {rule}");
        }
    }

    #[test]
    fn when_every_grant_is_revoked_nothing_is_allowed(case in cases()) {
        let mut taken = case.grants();
        for rule in &case.allowed {
            prop_assert!(taken.revoke(rule).contains(rule), "{rule}");
        }
        let decided = Policy::with_requested(RequestedCapabilities::Unlisted, taken).decide(&case.operation, 0);
        prop_assert!(!decided.is_allowed() || is_baseline(&case.operation), "{case:#?}");
    }

    #[test]
    fn granting_again_lifts_what_was_revoked(case in cases()) {
        let given = grants(&case.allowed, &[], &[]);
        let mut taken = given.clone();
        case.allowed.iter().for_each(|rule| drop(taken.revoke(rule)));
        let again = case.allowed.iter().fold(taken, |grants, rule| grants.with_rule(rule.clone()));
        prop_assert_eq!(again, given);
    }

    #[test]
    fn requests_without_a_difference_ask_for_no_more(
        (old, new, operation) in subjects().prop_flat_map(|subject| {
            let list = move || prop::collection::vec(rules(subject), 0..4);
            (list(), list(), operations(subject))
        }),
    ) {
        let requests = |rules: &[Rule]| -> Requests {
            rules.iter().map(|rule| (rule.clone(), Need::Required)).collect()
        };
        let (old, new) = (requests(&old), requests(&new));
        let adds = request_changes(&old, &new).iter().any(|change| change.to_string().starts_with('+'));
        if !adds {
            let may = |requests| {
                Policy::new(requests, grants(&everything(), &[], &[])).decide(&operation, 0).is_allowed()
            };
            prop_assert!(may(old.clone()) || !may(new.clone()), "{old:?} {new:?} {operation}");
        }
    }

    /// The rule allows the operation on its own, and can be read back from its text.
    #[test]
    fn the_least_rule_of_an_operation_allows_it(operation in subjects().prop_flat_map(operations)) {
        if let Some(rule) = operation.least_rule() {
            prop_assert!(is_allowed_by(&rule, &operation), "{operation}: {rule}");
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }
    }
}
