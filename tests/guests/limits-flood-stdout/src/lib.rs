//! Writes many lines to standard output.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:flood-stdout;

    world limits-flood-stdout {
        export flood: func(lines: u32, length: u32);
    }
")]
struct FloodStdout;

impl Guest for FloodStdout {
    fn flood(lines: u32, length: u32) {
        let line = "x".repeat(length as usize);
        for _ in 0..lines {
            println!("{line}");
        }
    }
}
