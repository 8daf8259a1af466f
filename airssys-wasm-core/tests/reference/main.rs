//! Compares the decisions of policies with a reference matcher, and checks properties of all
//! policies.
//!
//! Only a few names, hosts and ports are used, so that rules and operations often match. Single
//! cases are in `airssys-wasm-core/src/policy`; the fuzz target `policy` uses `matcher` too.
#![cfg(feature = "url")]

mod covering;
mod matcher;
mod monotone;
mod strategies;

use airssys_wasm_core::policy::{Policy, RequestedCapabilities};
use airssys_wasm_core::{Need, Requests, Rule};
use proptest::prelude::*;
use strategies::{PolicyCase, cases};

/// The default configuration with `cases` cases, without writing failures to the source tree.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        cases,
        ..ProptestConfig::default()
    }
}

fn requested(rules: &[Rule]) -> RequestedCapabilities {
    RequestedCapabilities::Listed(
        rules
            .iter()
            .map(|rule| (rule.clone(), Need::Required))
            .collect::<Requests>(),
    )
}

fn is_allowed(case: &PolicyCase) -> bool {
    Policy::with_requested(case.requested(), case.grants())
        .decide(&case.operation, 0)
        .is_allowed()
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn decides_as_the_reference_does(case in cases()) {
        let expected = matcher::allows(&case.requested(), &case.grants(), &case.operation);
        let decided = Policy::with_requested(case.requested(), case.grants()).decide(&case.operation, 0);
        let taken_with_another = expected && !case.denied_rules().is_empty() && matcher::is_implied_by_another_grant(&case.operation);
        prop_assert!(
            taken_with_another || decided.is_allowed() == expected,
            "{case:#?}\n{decided:?}, and the reference says {expected}"
        );
    }
}

/// A generator whose rules and operations never match would find nothing.
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
