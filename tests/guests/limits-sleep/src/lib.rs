//! Blocks in a host call.

use std::thread;
use std::time::Duration;

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:sleep;

    world limits-sleep {
        export sleep: func(milliseconds: u64);
    }
")]
struct Sleep;

impl Guest for Sleep {
    fn sleep(milliseconds: u64) {
        thread::sleep(Duration::from_millis(milliseconds));
    }
}
