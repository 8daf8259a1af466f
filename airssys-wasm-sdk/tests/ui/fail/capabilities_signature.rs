use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
pub fn no_result() {
    vec![Capability::FileRead("/data".into())];
}

#[component_capabilities]
pub fn other_result() -> Vec<String> {
    vec![]
}

#[component_capabilities]
pub async fn parameters(_path: &str) -> Vec<Capability> {
    vec![]
}

fn main() {}
