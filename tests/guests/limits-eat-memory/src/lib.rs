//! Allocates memory and touches every page of it.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:eat-memory;

    world limits-eat-memory {
        /// Returns the number of mebibytes that it holds; panics when it gets no more.
        export eat: func(mebibytes: u32) -> u32;
    }
")]
struct EatMemory;

const MEBIBYTE: usize = 1 << 20;

impl Guest for EatMemory {
    fn eat(mebibytes: u32) -> u32 {
        let held: Vec<Vec<u8>> = (0..mebibytes).map(|_| one_mebibyte()).collect();
        std::hint::black_box(&held).len() as u32
    }
}

fn one_mebibyte() -> Vec<u8> {
    let mut memory = Vec::new();
    memory
        .try_reserve_exact(MEBIBYTE)
        .expect("another mebibyte");
    memory.resize(MEBIBYTE, 1);
    memory
}
