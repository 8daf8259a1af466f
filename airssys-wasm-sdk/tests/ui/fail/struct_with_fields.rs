use airssys_wasm_sdk::prelude::*;

#[component(
    wit_inline = "package demo:greeter; interface api { greet: func(name: string) -> string; } world greeter { export api; }",

)]
struct Greeter {
    greetings: u32,
}

fn main() {}
