//! Any text: a rule whose canonical text is read as the same rule, or an error.
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
