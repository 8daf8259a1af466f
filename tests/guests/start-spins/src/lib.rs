//! Cannot be instantiated, because it never finishes starting.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package start:spins;

    world start-spins {
        export answer: func() -> u32;
    }
")]
struct StartSpins;

impl Guest for StartSpins {
    fn answer() -> u32 {
        42
    }
}

/// Runs when the component is instantiated.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    loop {
        std::hint::spin_loop();
    }
}
