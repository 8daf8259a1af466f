//! What a policy decides, against a reference matcher, and what holds of every policy.
//!
//! Names, hosts and ports are few, so that rules and operations often meet.
//! Single cases are beside the code; `matcher` is fuzzed with in `fuzz`, too.
#![cfg(feature = "url")]

mod covering;
mod matcher;
mod monotone;
mod strategies;

use airssys_wasm_core::policy::{Policy, Requested};
use airssys_wasm_core::{Need, Requests, Rule};
use proptest::prelude::*;
use strategies::{Case, cases};

/// Proptest's own, and nothing written to the tree.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        cases,
        ..ProptestConfig::default()
    }
}

fn requested(rules: &[Rule]) -> Requested {
    Requested::These(
        rules
            .iter()
            .map(|rule| (rule.clone(), Need::Required))
            .collect::<Requests>(),
    )
}

fn is_allowed(case: &Case) -> bool {
    Policy::of(case.requested(), case.grants())
        .decide(&case.operation, 0)
        .is_allowed()
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn decides_as_the_reference_does(case in cases()) {
        let expected = matcher::allows(&case.requested(), &case.grants(), &case.operation);
        let decided = Policy::of(case.requested(), case.grants()).decide(&case.operation, 0);
        let taken_with_another = expected && !case.taken().is_empty() && matcher::comes_with_another(&case.operation);
        prop_assert!(
            taken_with_another || decided.is_allowed() == expected,
            "{case:#?}\n{decided:?}, and the reference says {expected}"
        );
    }
}

/// A generator under which nothing meets would find nothing.
#[test]
fn a_good_part_of_the_cases_is_allowed() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut allowed = 0;
    for _ in 0..2_000 {
        let case = cases().new_tree(&mut runner).expect("a case").current();
        allowed += u32::from(is_allowed(&case));
    }
    assert!((500..1_500).contains(&allowed), "{allowed} of 2,000");
}
