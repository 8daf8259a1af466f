//! Greets in a language: the type of its function differs from the greeter's.

use airssys_wasm_sdk::prelude::*;

#[component(name = "greeter", wit = "../wit/greeter-changed")]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String, language: String) -> String {
        match language.as_str() {
            "de" => format!("Hallo, {name}!"),
            _ => format!("Hello, {name}!"),
        }
    }
}

impl exports::demo::greeter::farewell::Guest for Greeter {
    fn part(name: String) -> String {
        format!("Goodbye, {name}!")
    }
}
