use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "package demo:greeter; world greeter { exprot api; }")]
struct Greeter;

fn main() {}
