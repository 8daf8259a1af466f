//! Writes many lines to standard error.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:flood-stderr;

    world limits-flood-stderr {
        export flood: func(lines: u32, length: u32);
    }
")]
struct FloodStderr;

impl Guest for FloodStderr {
    fn flood(lines: u32, length: u32) {
        let line = "x".repeat(length as usize);
        for _ in 0..lines {
            eprintln!("{line}");
        }
    }
}
