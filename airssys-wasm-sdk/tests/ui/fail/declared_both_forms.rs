use airssys_wasm_sdk::prelude::*;

#[component_capabilities(read("/data"))]
pub fn required_capabilities() -> Vec<Capability> {
    vec![Capability::FileRead("/data".into())]
}

fn main() {}
