//! Parses arbitrary text as an operation: either it can be decided and its text parses to the same
//! operation, or an error is returned.
#![no_main]

use airssys_wasm_core::policy::{Grants, Operation, Policy, RequestedCapabilities};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(operation) = text.parse::<Operation>() else { return };
    let nothing = Policy::with_requested(RequestedCapabilities::Unlisted, Grants::new());
    let is_given_to_all = ["clock", "random", "stdio"].contains(&operation.action());
    assert!(is_given_to_all || !nothing.decide(&operation, 0).is_allowed(), "{operation:?}");
    let _ = nothing.explain(&operation, 0).to_string();
    let shown = operation.to_string();
    // Text with escaped characters does not parse to the same operation.
    if !shown.contains('\\') {
        assert_eq!(shown.parse::<Operation>().as_ref().map(ToString::to_string), Ok(shown.clone()), "{text:?}");
    }
});
