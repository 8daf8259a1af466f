//! Opens handles and holds them: each is an entry in the host's table.

use std::cell::RefCell;

use airssys_wasm_sdk::prelude::*;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::Pollable;

#[component(wit_inline = "
    package limits:handles;

    world limits-handles {
        /// Returns the number of open handles, including those of earlier calls.
        export open: func(count: u32) -> u32;
    }
")]
struct Handles;

thread_local! {
    static KEPT: RefCell<Vec<Pollable>> = const { RefCell::new(Vec::new()) };
}

const HOUR_NANOSECONDS: u64 = 3_600_000_000_000;

impl Guest for Handles {
    fn open(count: u32) -> u32 {
        KEPT.with_borrow_mut(|kept| {
            kept.extend((0..count).map(|_| subscribe_duration(HOUR_NANOSECONDS)));
            kept.len() as u32
        })
    }
}
