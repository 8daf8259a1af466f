//! Requests capabilities, and so does a library that it uses.

use airssys_wasm_sdk::prelude::*;

#[component(wit_inline = "
    package capabilities:declared;

    world capabilities-declared {
        export directories: func() -> list<string>;
    }
")]
struct Declared;

#[component_capabilities]
pub fn required_capabilities() -> Vec<Capability> {
    vec![
        Capability::FileRead("/data".into()),
        Capability::NetworkOutbound("api.example.com".into()),
    ]
}

impl Guest for Declared {
    fn directories() -> Vec<String> {
        vec!["/data".into(), capabilities_library::data().into()]
    }
}
