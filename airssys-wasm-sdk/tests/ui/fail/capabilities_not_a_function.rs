use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
struct Requests;

fn main() {}
