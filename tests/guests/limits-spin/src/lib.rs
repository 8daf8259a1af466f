//! Loops forever.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:spin;

    world limits-spin {
        export spin: func();
    }
")]
struct Spin;

impl Guest for Spin {
    fn spin() {
        loop {
            std::hint::spin_loop();
        }
    }
}
