use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package demo:greeter;
    interface api { greet: func(name: string) -> string; }
    world greeter { export api; }
")]
#[component_capabilities(read("/data"), optional(env("LANG"), reason = "greets in French"))]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

fn main() {}
