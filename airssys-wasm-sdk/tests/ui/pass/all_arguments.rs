#![deny(missing_docs, unreachable_pub, unsafe_code, unused, warnings)]
//! All arguments, with lints that a guest can deny.

use airssys_wasm_sdk::prelude::*;

/// Counts.
#[component(
    name = "demo:counter",
    version = "2.0.0-rc.1+build.5",
    description = "Counts,\nand is \"quoted\".",
    instancing = pooled(8),
    world = "counter",
    wit_inline = "
        package demo:counter;
        interface log { line: func(text: string); }
        world other {}
        world counter {
            import log;
            export next: func() -> u64;
            export api: interface {
                flags rights { read, write }
                record person { name: string, age: option<u8> }
                allowed: func(who: person) -> rights;
            }
        }
    ",
)]
struct Counter;

impl Guest for Counter {
    fn next() -> u64 {
        1
    }
}

impl exports::api::Guest for Counter {
    fn allowed(who: exports::api::Person) -> exports::api::Rights {
        match who.age {
            Some(18..) => exports::api::Rights::all(),
            _ => exports::api::Rights::READ,
        }
    }
}

fn main() {
    let _: fn(&str) = demo::counter::log::line;
    assert_eq!(Counter::next(), 1);
}
