//! Requests random bytes in a single host call.

use airssys_wasm_sdk::prelude::*;
use wasip2::random::random::get_random_bytes;

#[component(wit_inline = "
    package limits:random;

    world limits-random {
        /// Returns the number of bytes received.
        export random: func(bytes: u64) -> u64;
    }
")]
struct Random;

impl Guest for Random {
    fn random(bytes: u64) -> u64 {
        get_random_bytes(bytes).len() as u64
    }
}
