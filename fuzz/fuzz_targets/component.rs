//! Parses arbitrary bytes as a component: returns a component or an error, and never panics.
//!
//! `cargo +nightly fuzz run component corpus/component ../target/components` seeds the corpus with
//! the guest programs.
#![no_main]

use airssys_wasm_core::Component;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Component::from_bytes(bytes) {
        Ok(component) => {
            let world = component.world();
            for function in world.exports.all_functions() {
                let _ = function.to_string();
                let _ = world.function(&function.name);
            }
            assert_eq!(world.check_replacement(world), Ok(()), "a world can replace itself");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
