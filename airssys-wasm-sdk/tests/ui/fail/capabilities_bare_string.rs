use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![Capability::FileRead("/data")]
}

fn main() {}
