//! Fails its health check.

use airssys_wasm_sdk::prelude::*;

#[component(
    name = "greeter",
    wit = ["../../../wit/lifecycle", "../wit/greeter"],
    wit_inline = "
        package demo:greeter-with-health;

        world greeter {
            export demo:greeter/api;
            export airssys:lifecycle/health@0.1.0;
        }
    ",
)]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

impl exports::airssys::lifecycle::health::Guest for Greeter {
    fn check() -> Result<(), String> {
        Err("the greeting book is empty".into())
    }
}
