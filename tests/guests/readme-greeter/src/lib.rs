//! Greets by name.

use airssys_wasm_sdk::prelude::*;

#[component]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}
