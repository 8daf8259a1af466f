use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![
        Capability::FileRead("data".into()),
        Capability::FileWrite("/data/../etc".to_string()),
        Capability::NetworkOutbound(String::from("https://api.example.com")),
        Capability::NetworkInbound("0.0.0.0:99999".to_owned()),
    ]
}

fn main() {}
