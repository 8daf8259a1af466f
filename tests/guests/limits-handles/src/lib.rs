//! Makes handles and keeps them: each is an entry of the host's table.

use std::cell::RefCell;

use airssys_wasm_sdk::prelude::*;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::Pollable;

#[component(wit_inline = "
    package limits:handles;

    world limits-handles {
        /// Answers how many are open, those of earlier calls included.
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
