//! Asks for random bytes, all in one call to the host.

use airssys_wasm_sdk::prelude::*;
use wasip2::random::random::get_random_bytes;

#[component(wit_inline = "
    package limits:random;

    world limits-random {
        /// Answers how many came.
        export random: func(bytes: u64) -> u64;
    }
")]
struct Random;

impl Guest for Random {
    fn random(bytes: u64) -> u64 {
        get_random_bytes(bytes).len() as u64
    }
}
