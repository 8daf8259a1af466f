use airssys_wasm_sdk::prelude::*;

#[component(
    wit_inline = "package demo:greeter; interface api { greet: func(name: string) -> string; } world greeter { export api; }",
    name = "Greeter",
    version = "1.0",
    description = 5,
    instancing = pooled(0),
    colour = "red",
)]
struct Greeter;

impl exports::demo::greeter::api::Guest for Greeter {
    fn greet(name: String) -> String {
        name
    }
}

fn main() {}
