use airssys_wasm_sdk::prelude::*;

#[component(
    wit_inline = "package demo:greeter; interface api { greet: func(name: string) -> string; } world greeter { export api; }",
    "greeter",
    stateful,
)]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String) -> String {
        name
    }
}

fn main() {}
