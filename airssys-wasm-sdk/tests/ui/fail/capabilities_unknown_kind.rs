use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![
        Capability::FileRaed("/data".into()),
        Capability::NetworkOutbond("api.example.com".into()),
        Capability::Teleport("moon".into()),
    ]
}

fn main() {}
