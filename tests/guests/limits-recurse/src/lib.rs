//! Recurses.

use std::hint::black_box;

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:recurse;

    world limits-recurse {
        /// Returns the depth reached.
        export recurse: func(depth: u64) -> u64;
    }
")]
struct Recurse;

impl Guest for Recurse {
    fn recurse(depth: u64) -> u64 {
        deeper(black_box(depth))
    }
}

/// The array and the sum after the call keep each frame on the stack.
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 4]);
    if depth == 0 {
        return 0;
    }
    deeper(frame[1] - 1) + black_box(frame)[2] - frame[3] + 1
}
