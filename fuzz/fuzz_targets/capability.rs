//! Parses arbitrary text as a rule: either the rule's canonical text parses to the same rule, or
//! the error is printable.
#![no_main]

use airssys_wasm_core::Rule;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Rule>() {
        Ok(rule) => {
            assert_eq!(rule.to_string().parse(), Ok(rule.clone()));
            assert!(rule.covers(&rule));
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
});
