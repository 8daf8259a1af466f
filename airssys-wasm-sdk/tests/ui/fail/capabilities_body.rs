use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
pub fn statements() -> Vec<Capability> {
    let data = "/data";
    vec![Capability::FileRead(data.into())]
}

#[component_capabilities]
pub fn built() -> Vec<Capability> {
    Vec::from([Capability::FileRead("/data".into())])
}

#[component_capabilities]
pub fn repeated() -> Vec<Capability> {
    vec![Capability::FileRead("/data".into()); 2]
}

fn main() {}
