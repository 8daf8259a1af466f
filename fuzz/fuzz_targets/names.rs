//! Parses arbitrary text as names, package references and digests: each either prints as it was
//! written, or the error is printable.
#![no_main]

use airssys_wasm_core::{ComponentName, Digest, FunctionName, PackageRef};
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
    // A `v` before a version is optional, so the text itself may differ.
    match text.parse::<PackageRef>() {
        Ok(package) => assert_eq!(package.to_string().parse(), Ok(package)),
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
    match text.parse::<Digest>() {
        Ok(digest) => assert_eq!(digest.to_string(), text),
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
});
