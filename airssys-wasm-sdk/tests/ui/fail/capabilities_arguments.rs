use airssys_wasm_sdk::prelude::*;

#[component_capabilities(file_read("/data"))]
pub fn required_capabilities() -> Vec<Capability> {
    vec![]
}

fn main() {}
