//! Returns and accepts any number of bytes.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package limits:strings;

    world limits-strings {
        export give: func(bytes: u32) -> list<u8>;
        export take: func(data: list<u8>) -> u32;
    }
")]
struct Strings;

impl Guest for Strings {
    fn give(bytes: u32) -> Vec<u8> {
        vec![b'x'; bytes as usize]
    }

    fn take(data: Vec<u8>) -> u32 {
        data.len() as u32
    }
}
