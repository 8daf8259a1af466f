//! Counts by ten, which distinguishes it from the first version.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use airssys_wasm_sdk::prelude::*;

#[component(name = "state-counter", instancing = stateful, wit = "../wit/counter")]
struct Counter;

const STEP: u64 = 10;

static COUNT: AtomicU64 = AtomicU64::new(0);

impl exports::demo::counter::api::Guest for Counter {
    fn increment() -> u64 {
        COUNT.fetch_add(STEP, Relaxed) + STEP
    }

    fn current() -> u64 {
        COUNT.load(Relaxed)
    }
}
