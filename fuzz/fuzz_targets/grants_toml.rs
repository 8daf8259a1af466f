//! Parses arbitrary text as grants and as requests in TOML: either they survive a round trip, or
//! the error is printable and points to a place in the text.
#![no_main]

use airssys_wasm_core::Requests;
use airssys_wasm_core::policy::{Grants, TomlError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Grants::from_toml(text) {
        Ok(grants) => {
            assert_eq!(Grants::from_toml(&grants.to_toml()), Ok(grants.clone()));
            let lines = grants.to_string().parse::<Grants>().expect("rules have texts");
            assert_eq!(lines.to_string(), grants.to_string());
        }
        Err(error) => check(&error, text),
    }
    match Requests::from_toml(text) {
        Ok(requests) => {
            assert_eq!(Requests::from_section(requests.to_section().as_bytes()), Ok(requests));
        }
        Err(error) => check(&error, text),
    }
});

fn check(error: &TomlError, text: &str) {
    assert!(!error.to_string().contains(char::is_control), "{error}");
    let line = text.split('\n').nth(error.line - 1).unwrap_or_else(|| panic!("no such line: {error}"));
    // The column after the last one is valid: something is missing at the end of the line.
    assert!((1..=line.chars().count() + 1).contains(&error.column), "{error}");
}
