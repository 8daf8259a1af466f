//! Any text: a capability that prints as it was written, or an error.
#![no_main]

use airssys_wasm_core::Capability;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Capability>() {
        Ok(capability) => {
            assert_eq!(capability.to_string(), text);
            assert_eq!(capability.check(), Ok(()));
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
});
