//! Cannot be instantiated: it panics while it starts.

use airssys_wasm_sdk::prelude::*;

#[component(name = "greeter", wit = "../wit/greeter")]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hi, {name}!")
    }
}

/// Runs when the component is instantiated. A static constructor would be too late: bindings run
/// those before the first call.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    panic!("the greeter does not start");
}
