//! Any text: a name that prints as it was written, or an error.
#![no_main]

use airssys_wasm_core::{ComponentName, FunctionName};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<ComponentName>() {
        Ok(name) => assert_eq!(name.as_str(), text),
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
    match text.parse::<FunctionName>() {
        Ok(name) => assert_eq!(name.to_string(), text),
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
});
