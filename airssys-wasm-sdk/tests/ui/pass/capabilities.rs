#![forbid(unsafe_code)]

use airssys_wasm_sdk::prelude::*;

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![ Capability::FileRead("/data".into()), Capability::NetworkOutbound("api.example.com".into()) ]
}

#[component_capabilities]
fn of_a_second_list() -> std::vec::Vec<airssys_wasm_sdk::Capability> {
    vec![
        airssys_wasm_sdk::Capability::FileWrite(String::from("/cache")),
        Capability::NetworkInbound("127.0.0.1:8080".to_string()),
    ]
}

#[component_capabilities]
fn none() -> Vec<Capability> {
    vec![]
}

fn main() {
    assert_eq!(required_capabilities().len() + of_a_second_list().len() + none().len(), 4);
}
