use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![
        Capability::FileRead("/data".into()),
        Capability::FileWrite("/data".into()),
        Capability::FileRead("/data".to_string()),
    ]
}

fn main() {}
