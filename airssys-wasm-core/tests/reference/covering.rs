//! Properties of `covers`.

use airssys_wasm_core::Rule;
use airssys_wasm_core::policy::{Grants, Operation, Policy, RequestedCapabilities};
use proptest::prelude::*;

use crate::config;
use crate::strategies::{CaseSubject, operations, rules, subjects};

/// Three rules of a subject that often cover each other, and an operation.
fn rules_and_operation() -> impl Strategy<Value = (Rule, Rule, Rule, Operation)> {
    let rule = |subject: CaseSubject| rules(subject);
    subjects().prop_flat_map(move |subject| {
        (
            rule(subject),
            rule(subject),
            rule(subject),
            operations(subject),
        )
    })
}

fn allows(rule: &Rule, operation: &Operation) -> bool {
    Policy::with_requested(
        RequestedCapabilities::Unlisted,
        Grants::new().with_rule(rule.clone()),
    )
    .decide(operation, 0)
    .is_allowed()
}

proptest! {
    #![proptest_config(config(4096))]

    #[test]
    fn a_covering_rule_allows_what_the_covered_rule_allows((wide, narrow, _, operation) in rules_and_operation()) {
        if wide.covers(&narrow) {
            prop_assert!(allows(&wide, &operation) || !allows(&narrow, &operation), "{wide} {narrow} {operation}");
        }
    }

    #[test]
    fn covering_is_reflexive_and_transitive((a, b, c, _) in rules_and_operation()) {
        prop_assert!(a.covers(&a) && a.covers(&a.clone()), "{a}");
        if a.covers(&b) && b.covers(&c) {
            prop_assert!(a.covers(&c), "{a} {b} {c}");
        }
    }

    #[test]
    fn rules_that_cover_each_other_allow_the_same((a, b, _, operation) in rules_and_operation()) {
        if a.covers(&b) && b.covers(&a) {
            prop_assert_eq!(allows(&a, &operation), allows(&b, &operation), "{} {}", a, b);
        }
    }

    #[test]
    fn overlapping_is_mutual((a, b, ..) in rules_and_operation()) {
        prop_assert_eq!(a.overlaps(&b), b.overlaps(&a));
        prop_assert!(a.overlaps(&b) || !a.covers(&b));
    }
}
