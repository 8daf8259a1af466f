//! Parses arbitrary bytes as custom sections: a section that is accepted survives a round trip.
#![no_main]

use airssys_wasm_core::policy::request_changes;
use airssys_wasm_core::{ComponentMetadata, Requests};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    about(bytes);
    requests(bytes);
    about(&[b"airssys:component 1\n", bytes].concat());
    requests(&[b"airssys:capabilities 1\n", bytes].concat());
});

fn about(bytes: &[u8]) {
    if let Ok(about) = ComponentMetadata::from_section(bytes) {
        assert_eq!(ComponentMetadata::from_section(about.to_section().as_bytes()), Ok(about));
    }
}

fn requests(bytes: &[u8]) {
    if let Ok(requests) = Requests::from_section(bytes) {
        assert!(request_changes(&requests, &requests).is_empty());
        assert_eq!(Requests::from_section(requests.to_section().as_bytes()), Ok(requests));
    }
}
