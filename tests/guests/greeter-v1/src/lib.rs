//! Answers `Hello, {name}!`.

use airssys_wasm_sdk::prelude::*;

#[component(name = "greeter", wit = "../wit/greeter")]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}
